export { hasCode, isThere, readIfThere, whenMissing } from './missing-file.ts';
export { parseJson } from './parse-json.ts';
export { readPrivateFile } from './private-file.ts';
export { createFile, replaceFile, unfinishedEnding, type FileMode } from './whole-file.ts';
