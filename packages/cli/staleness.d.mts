export type InstallState = 'fresh' | 'absent' | 'stale';
export type LockEntry = {
  version?: string;
  link?: boolean;
  optional?: boolean;
  os?: string | string[];
  cpu?: string | string[];
  libc?: string | string[];
};
export type Artefact = { name: string; output: string; fingerprint: string };
export const stores: readonly string[];
export function installState(root: string): InstallState;
export function recordInstall(root: string): void;
export function sameInstall(
  wanted: Record<string, LockEntry>,
  installed: Record<string, LockEntry>,
  platform?: string,
  cpu?: string,
): boolean;
export function artefacts(root: string): Artefact[];
export function staleArtefacts(root: string): Artefact[];
export function recordArtefacts(root: string, made: readonly Artefact[]): void;
