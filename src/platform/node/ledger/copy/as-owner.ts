import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Runs a step as the user who owns a file or its folder, when root runs this program. The owner of a folder can put a
 * symbolic link in the place of any file in it, at any moment: root would write through the link, wherever it leads. As
 * the owner, a step can write nothing that the owner could not write. For every other user it only runs the step.
 * The user is that of the whole process, so nothing else may run meanwhile.
 */
export type AsOwner = <T>(step: () => T) => T;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Of the file, or of the nearest folder above it when the file is absent or empty. Symbolic links are followed. */
export function ownerOf(path: string): Owner {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && (found.isDirectory() || found.size > 0)) return { uid: found.uid, gid: found.gid };
  const absolute = resolve(path);
  return absolute === dirname(absolute) ? { uid: 0, gid: 0 } : ownerOf(dirname(absolute));
}

/** A step that returns a promise is run as the owner until the promise settles. */
export function asOwnerOf({ uid, gid }: Owner): AsOwner {
  return (step) => {
    if (process.getuid?.() !== 0 || uid === 0 || process.geteuid?.() === uid) return step();
    const before = { groups: process.getgroups?.() ?? [], gid: process.getegid?.() ?? 0 };
    const goBack = (): void => {
      process.seteuid?.(0);
      process.setegid?.(before.gid);
      process.setgroups?.(before.groups);
    };
    try {
      process.setgroups?.([gid]);
      process.setegid?.(gid);
      process.seteuid?.(uid);
      const result = step();
      if (!(result instanceof Promise)) {
        goBack();
        return result;
      }
      return result.finally(goBack) as typeof result;
    } catch (error) {
      goBack();
      throw error;
    }
  };
}
