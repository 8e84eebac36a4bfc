import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countRequestStatements } from '@caregraph/testbed';
import { accessesOf, createTestDistrict, placeAreas, type TestDistrict } from '../test-district.ts';
import { idsOf, namesOf, search, searchQuery } from './test-search.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const id = () => d.graph.ids.next();

/** A village of its own for one test, in the district or in another one. */
async function village(districtId = d.district): Promise<string> {
  const areaId = id();
  await placeAreas(d.graph, [{ ancestors: [districtId, areaId], districtId }]);
  return areaId;
}

describe('who is found', () => {
  const people: Record<string, string> = {};
  beforeAll(async () => {
    const come = async (key: string, over: Record<string, unknown>) => {
      people[key] = (await d.register(over)).id;
    };
    await come('rehana', {
      name: 'Rehana Begum',
      phone: '+91 98111 22233',
      birthDate: '1985-06-01',
    });
    await come('rihana', { name: 'Rihana Khatun', birthDate: '1992-06-01' });
    await come('hindi', { name: 'रेहाना परवीन', areaId: d.south });
    await come('mohammed', { name: 'Mohammed Irfan', sex: 'MALE', areaId: d.south });
    await come('md', { name: 'Md. Salim', sex: 'MALE', phone: '098222 33344' });
    await come('long', { name: 'Venkatanarasimharaju', sex: 'MALE' });
    await come('om', { name: 'Om Prakash', sex: 'MALE', birthDate: '1992-12-31' });
  });

  test.each([
    // Whose name is written so comes before whose name only sounds so; equals by registration.
    [{ name: 'Rehana' }, ['Rehana Begum', 'रेहाना परवीन', 'Rihana Khatun']],
    [{ name: 'रेहाना' }, ['Rehana Begum', 'रेहाना परवीन', 'Rihana Khatun']],
    [{ name: 'ரெஹானா' }, ['Rehana Begum', 'रेहाना परवीन', 'Rihana Khatun']],
    [{ name: 'REH' }, ['Rehana Begum', 'रेहाना परवीन']],
    [{ name: 'begum rehana' }, ['Rehana Begum']],
    [{ name: 'Raihana Begam' }, ['Rehana Begum']],
    [{ name: 'Mohamad' }, ['Mohammed Irfan', 'Md. Salim']],
    [{ name: 'Md' }, ['Md. Salim', 'Mohammed Irfan']],
    [{ name: 'ehana' }, []],
    // Longer than a prefix token: found by the sound of all of it, and compared whole.
    [{ name: 'Wenkatanarasimharaju' }, ['Venkatanarasimharaju']],
    [{ name: 'Venkatanarasimhara' }, ['Venkatanarasimharaju']],
    [{ name: 'Venkatanarasimhan' }, []],
    // Both words are found by their tokens, but one word of a name cannot answer both.
    [{ name: 'rehana reh' }, []],
    // Short words choose among what longer ones find.
    [{ name: 'prakash om' }, ['Om Prakash']],
    [{ name: 'rehana b' }, ['Rehana Begum']],
    [{ name: 'rehana om' }, []],
    [{ phone: '098111-22233' }, ['Rehana Begum']],
    [{ phone: '९८१११ २२२३३' }, ['Rehana Begum']],
    [{ phone: '98111 22234' }, []],
    [{ phone: '98222 33344', name: 'salim' }, ['Md. Salim']],
    [{ phone: '98222 33344', name: 'rehana' }, []],
    [{ name: 'om', phone: '98111 22233' }, []],
    [{ bornBetween: { from: '1990-01-01' } }, ['Rihana Khatun', 'Om Prakash']],
    [{ bornBetween: { from: '1985-06-01', to: '1985-06-01' } }, ['Rehana Begum']],
    [{ name: 'rehana', bornBetween: { to: '1992-06-01' } }, ['Rehana Begum', 'Rihana Khatun']],
    [{ name: 'om', bornBetween: { from: '1990-01-01' } }, ['Om Prakash']],
  ])('%j', async (asked, found) => {
    const answer = await search(d, { areaId: d.district, ...asked });
    expect(answer).toMatchObject({ outcome: 'FOUND', narrowBy: [], total: found.length });
    expect(namesOf(answer)).toEqual(found);
  });

  test('with how close the name is, and by what', async () => {
    const asked = { areaId: d.district, name: 'Rehana', bornBetween: { from: '1980-01-01' } };
    expect((await search(d, asked)).matches).toMatchObject([
      { score: 0.98, matchedBy: ['NAME_SPELLING', 'BIRTH_DATE'] },
      { score: expect.closeTo(0.588) as number, matchedBy: ['NAME_SOUND', 'BIRTH_DATE'] },
    ]);
    const phoned = await search(d, { areaId: d.district, phone: '9811122233' });
    expect(phoned.matches).toMatchObject([{ score: null, matchedBy: ['PHONE'] }]);
  });

  test('in the area and below it, and nowhere else', async () => {
    const at = async (areaId: string) => namesOf(await search(d, { areaId, name: 'rehana' }));
    expect(await at(d.south)).toEqual(['रेहाना परवीन']);
    expect(await at(d.north)).toEqual(['Rehana Begum', 'Rihana Khatun']);
    expect(await at(d.abroad)).toEqual([]);
  });

  test('the first of those who fit, and how many they are', async () => {
    const answer = await search(d, { areaId: d.district, name: 'rehana', first: 1 });
    expect(namesOf(answer)).toEqual(['Rehana Begum']);
    expect(answer.total).toBe(3);
  });

  test('with their names in any order, however many stand before the one that finds them', async () => {
    const areaId = await village();
    const come = async (name: string) => (await d.register({ areaId, name })).id;
    const [sunita, ramesh, ninth] = [
      await come('Sunitaxq Sharmaxq'),
      await come('Ramesh Ramanujxq'),
      await come('a b c d e f g h Ninthword'),
    ];
    const find = async (name: string) => idsOf(await search(d, { areaId, name }));
    for (const name of ['S Sunitaxq', 'Sunitaxq S']) expect(await find(name)).toEqual([sunita]);
    for (const name of ['ram ramesh', 'ramesh ram']) expect(await find(name)).toEqual([ramesh]);
    for (const name of ['ninthword', 'a b c d e f g h Ninthword']) {
      expect(await find(name)).toEqual([ninth]);
    }
  });

  test('by one number, however it stands on record and is asked for', async () => {
    const areaId = await village();
    const spellings = [
      ...['9876543210', '098765 43210', '+91 98765-43210', '0091 9876543210', '૯૮૭૬૫૪૩૨૧૦'],
      ...['9876543210 ext 12', '98765 43210 x3', '+919876543210;ext=3', 'tel:+91 98765 43210'],
    ];
    const onRecordOnly = [
      '98765 43210 / 98765 10004',
      '98765 43210 or 98765 10004',
      'Ravi 9876543210',
    ];
    const people: string[] = [];
    for (const phone of [...spellings, ...onRecordOnly]) {
      people.push((await d.register({ areaId, phone })).id);
    }
    // Another number with the same end, and one that stands second.
    await d.register({ areaId, phone: '8876543210' });
    await d.register({ areaId, phone: '98765 10004 / 98765 43210' });
    for (const phone of spellings) {
      expect(idsOf(await search(d, { areaId, phone })), phone).toEqual(people);
    }
  });

  test('by their number alone, also where somebody else has its truncated token', async () => {
    const areaId = await village();
    const { id: one } = await d.register({ areaId, phone: '98765 20001' });
    // The same last six digits as well.
    const { id: stranger } = await d.register({ areaId, phone: '88765 20001' });
    await d.graph.pool.query(
      `UPDATE patient SET phone_index = (SELECT phone_index FROM patient WHERE id = $1) WHERE id = $2`,
      [one, stranger],
    );
    expect(idsOf(await search(d, { areaId, phone: '9876520001' }))).toEqual([one]);
  });

  test('an odd phone keeps nobody from being registered, and stays as it was written', async () => {
    const areaId = await village();
    const { id: patientId } = await d.register({ areaId, phone: 'ask the neighbour' });
    const answer = await d.ask(d.worker, `{ patient(id: "${patientId}") { phone } }`);
    expect(answer.data?.['patient']).toEqual({ phone: 'ask the neighbour' });
  });

  test('not after they are called otherwise', async () => {
    const areaId = await village();
    const { id: patientId } = await d.register({ areaId, name: 'Zubeida' });
    await d.write(d.worker, 'updatePatient', { patientId, name: 'Sakina', phone: '98333 00000' });
    const found = async (asked: object) => idsOf(await search(d, { areaId, ...asked }));
    expect(await found({ name: 'zubeida' })).toEqual([]);
    expect(await found({ name: 'sakina' })).toEqual([patientId]);
    expect(await found({ phone: '9833300000' })).toEqual([patientId]);
  });
});

describe('an identifier', () => {
  test('finds whom it names without an area, until it is retired', async () => {
    const identifierId = id();
    const value = 'MRN 00-12/a';
    const { id: patientId } = await d.register({
      identifiers: [{ id: identifierId, type: 'MRN', system: 'https://a.test', value }],
    });
    const other = await d.register({
      name: 'Asha',
      identifiers: [{ id: id(), type: 'MRN', system: 'https://b.test', value }],
    });
    const find = async (over: object, besides: object = {}) => {
      const identifier = { type: 'MRN', value: 'mrn0012A', ...over };
      return search(d, { identifier, ...besides });
    };
    expect(idsOf(await find({}))).toEqual([patientId, other.id]);
    const sure = await find({ system: 'https://a.test' });
    expect(sure.matches).toMatchObject([{ patient: { id: patientId }, matchedBy: ['IDENTIFIER'] }]);
    expect(idsOf(await find({ type: 'PASSPORT' }))).toEqual([]);
    // The name is compared, also one that is too short to be looked up.
    expect(idsOf(await find({}, { name: 'As' }))).toEqual([other.id]);
    expect(idsOf(await find({}, { areaId: d.south }))).toEqual([]);
    await d.write(d.worker, 'retireIdentifier', { identifierId });
    expect(idsOf(await find({}))).toEqual([other.id]);
  });
});

describe('what is refused', () => {
  test.each([
    [{}, 'areaId', 'AREA_OR_IDENTIFIER_NEEDED'],
    [{ name: 'rehana' }, 'areaId', 'AREA_OR_IDENTIFIER_NEEDED'],
    [{ phone: '9811122233' }, 'areaId', 'AREA_OR_IDENTIFIER_NEEDED'],
    [{ areaId: 'd' }, 'name', 'CRITERION_NEEDED'],
    [{ areaId: 'd', name: 'om' }, 'name', 'NAME_TOO_SHORT'],
    [{ areaId: 'd', name: 'o m' }, 'name', 'NAME_TOO_SHORT'],
    [{ areaId: 'd', name: ' … ' }, 'name', 'NAME_TOO_SHORT'],
    [{ areaId: 'd', name: ' … ', phone: '9811122233' }, 'name', 'NAME_TOO_SHORT'],
    [{ areaId: 'd', phone: 'nobody' }, 'phone', 'NOT_A_PHONE'],
    [{ areaId: 'd', bornBetween: {} }, 'bornBetween', 'CRITERION_NEEDED'],
    [
      { areaId: 'd', bornBetween: { from: '2000-01-02', to: '2000-01-01' } },
      'bornBetween',
      'RANGE_EMPTY',
    ],
    [{ identifier: { type: 'CARD', value: 'xx' } }, 'identifier.value', 'NOT_AN_IDENTIFIER'],
  ])('%j', async (asked, at, reason) => {
    const area = 'areaId' in asked ? { areaId: d.district } : {};
    const answer = await d.ask(d.worker, searchQuery, { ...asked, ...area });
    expect(answer.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', at, reason });
  });

  test.each([0, -1, 51])('first: %i', async (first) => {
    const answer = await d.ask(d.worker, searchQuery, { areaId: d.district, name: 'asha', first });
    expect(answer.errors[0]?.extensions).toMatchObject({ code: 'PAGE_SIZE_INVALID', max: 50 });
  });

  test.each([{ name: 'asha' }, { phone: '9876543210' }])(
    'an area that this store has not heard of is a fault, and not nobody: %j',
    async (asked) => {
      const answer = await d.ask(d.worker, searchQuery, { areaId: id(), ...asked });
      expect(answer.errors[0]?.extensions.code).toBe('SCOPE_BEHIND');
    },
  );

  test('who may not read patients', async () => {
    const admin = await d.graph.token({ roles: ['institution_admin'], areaRoots: [d.district] });
    const answer = await d.ask(admin, searchQuery, { areaId: d.district, name: 'rehana' });
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });
});

describe('scope', () => {
  test('nobody is found out of it, by any criterion', async () => {
    const areaId = await village();
    const value = `S${id()}`;
    const { id: patientId } = await d.register({
      ...{ areaId, name: 'Noor Jahan', phone: '98444 55566', birthDate: '1970-01-01' },
      identifiers: [{ id: id(), type: 'OTHER', value }],
    });
    const ways = [
      { areaId, name: 'noor jahan' },
      { areaId, phone: '9844455566' },
      { areaId, bornBetween: { from: '1970-01-01' } },
      { identifier: { type: 'OTHER', value } },
    ];
    for (const asked of ways) {
      expect(idsOf(await search(d, asked))).toEqual([patientId]);
      for (const token of [d.southern, d.foreign]) {
        expect(await search(d, asked, token)).toMatchObject({ outcome: 'FOUND', total: 0 });
      }
    }
  });

  test('an institution, an author and a grant open what they open elsewhere', async () => {
    const areaId = await village(d.abroad);
    const [institutionId, authorId, actorId] = [id(), id(), id()];
    const author = await d.graph.token({ id: authorId, institutionId, areaRoots: [d.abroad] });
    const { id: patientId } = await d.register({ areaId, name: 'Noor Bano' }, author);
    const asked = { areaId, name: 'noor' };
    const as = async (over: object, headers = {}) =>
      idsOf(
        await search(d, asked, await d.graph.token({ areaRoots: [d.south], ...over }), headers),
      );
    expect(await as({})).toEqual([]);
    expect(await as({ id: authorId })).toEqual([patientId]);
    expect(await as({ roles: ['clinician'], institutionId })).toEqual([patientId]);
    expect(await as({ roles: ['clinician'] })).toEqual([]);
    const grant = await d.graph.grant(actorId, patientId);
    expect(await as({ roles: ['clinician'], id: actorId }, grant)).toEqual([patientId]);
  });

  test('who is shown is on the record, and nobody else who was opened', async () => {
    const areaId = await village();
    const come = async (name: string) => (await d.register({ areaId, name })).id;
    const [fits, further, only] = [
      await come('Gulab'),
      await come('Gulabo'),
      await come('Gulabi Om'),
    ];
    const reads = async (patientId: string) =>
      (await accessesOf(d.graph, patientId)).filter((one) => one['operation'] === 'searchPatients');
    const found = await search(d, { areaId, name: 'gulab', first: 1 });
    expect(found).toMatchObject({ total: 3, matches: [{ patient: { id: fits } }] });
    expect(await reads(fits)).toMatchObject([
      { action: 'READ', accesses: [{ patientId: fits, types: ['Patient'] }] },
    ]);
    expect(await reads(further)).toEqual([]);
    await search(d, { areaId, name: 'gulab om' });
    expect(await reads(only)).toHaveLength(1);
    expect(await reads(fits)).toHaveLength(1);
  });
});

test('what is stored tells neither names nor numbers, in as many bits as are planned', async () => {
  await d.register({ name: 'Sunita', phone: '98111 22233' });
  const { rows } = await d.graph.pool.query<{ name_tokens: string[]; phone_index: string | null }>(
    'SELECT name_tokens, phone_index FROM patient',
  );
  expect(JSON.stringify(rows)).not.toMatch(/sun|22233/i);
  const token = /^[0-9a-f]{6}$/;
  expect(rows.every((row) => row.name_tokens.every((one) => token.test(one)))).toBe(true);
  expect(rows.every((row) => row.phone_index === null || token.test(row.phone_index))).toBe(true);
});

test('the number of statements does not grow with the number of people or words', async () => {
  const areaId = await village();
  for (let n = 0; n < 20; n += 1) await d.register({ areaId, name: `Zarina Bibi ${n}` });
  const count = async (asked: object) =>
    (await countRequestStatements(d.graph.pool, () => search(d, { areaId, ...asked }))).count;
  await count({ name: 'zarina' });
  expect(await count({ name: 'zarina', first: 20 })).toBe(await count({ name: 'zarin', first: 1 }));
  expect(await count({ name: 'zarina bibi' })).toBe(await count({ name: 'zarina' }));
});
