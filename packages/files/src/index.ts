export { hasCode, isThere, readIfThere, whenMissing } from './missing-file.ts';
export { parseJson } from './parse-json.ts';
