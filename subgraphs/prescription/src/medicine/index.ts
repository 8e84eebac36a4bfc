export { createFormularyStore } from './formulary.store.ts';
export { medicineConcept } from './medicine.concept.ts';
export { bringMedicinesUpToDate } from './medicine-content.store.ts';
export { createMedicineStore } from './medicine.store.ts';
