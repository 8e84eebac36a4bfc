import type { ListStart } from '@caregraph/deployment/erasures';
import { withErasures } from './erasure-target.ts';

/**
 * Makes the folder the list of erasures of a deployment that never had one.
 *
 * @param how.anew also where somebody is shown as erased, or a note says that there was a list: the
 *   one that named them is lost
 * @returns false when it was not done
 */
export async function startList(
  how: { readonly anew: boolean },
  say: (line: string) => void,
): Promise<boolean> {
  let done = false;
  await withErasures(async ({ list, note, start }) => {
    const outcome = await start(how);
    done = outcome.started;
    if (done) say(`${list.directory} is the list of erasures of this deployment now.`);
    for (const line of reasons(outcome, note)) say(line);
    for (const line of done ? [] : refusal) say(line);
  });
  return done;
}

function reasons({ noted, erased, started }: ListStart, note: string | undefined): string[] {
  return [
    ...(noted ? [`${note ?? 'A note'} says that there was a list before.`] : []),
    ...(erased.length === 0
      ? []
      : [`Stores or keys show ${erased.length} as erased: ${erased.join(', ')}.`]),
    ...(started && erased.length > 0
      ? ['No process starts before the list names them: run caregraph patient erase for each.']
      : []),
    ...(started && noted
      ? ['Whom neither stores nor keys show as erased is back: erase them again as well.']
      : []),
  ];
}

const refusal = [
  'So there was a list: mount its volume, or restore it from its copy. Nothing was started.',
  'Only where list and copy are lost for good: caregraph patient start-list --anew. It makes an',
  'empty list. Whoever was erased after the backup that the stores came from is served again, and',
  'nothing tells who that is, unless you know it and run caregraph patient erase for each.',
];
