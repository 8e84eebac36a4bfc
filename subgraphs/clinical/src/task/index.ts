export { taskConcept } from './task.concept.ts';
export { createTaskStore } from './task.store.ts';
