export { faultCatalogue, type FaultCode } from './catalogue.ts';
export { Fault, isFault } from './fault.ts';
export { inputPlace, withoutLiterals } from './input-message.ts';
export { problemCatalogue, type ProblemCode } from './problem-catalogue.ts';
