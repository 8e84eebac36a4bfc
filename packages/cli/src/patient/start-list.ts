import { withErasures } from './erasure-target.ts';

/**
 * Makes the folder the list of erasures of a deployment that never had one.
 *
 * @param how.anew also where somebody is shown as erased: the list that named them is lost
 * @returns false when it was not done
 */
export async function startList(
  how: { readonly anew: boolean },
  say: (line: string) => void,
): Promise<boolean> {
  let done = false;
  await withErasures(async ({ list, start }) => {
    const erased = await start(how);
    done = erased.length === 0 || how.anew;
    if (done) say(`${list.directory} is the list of erasures of this deployment now.`);
    if (erased.length === 0) return;
    say(`Stores or keys show ${erased.length} as erased: ${erased.join(', ')}.`);
    say(
      done
        ? 'No process starts before the list names them: run caregraph patient erase for each.'
        : 'So there was a list: mount its volume, or restore it. Where it is lost: --anew',
    );
  });
  return done;
}
