import { expect, test } from 'vitest';
import {
  allowsStep,
  prescriptionStates,
  stateAfterDispensing,
  stateOn,
} from './prescription.state.ts';

const lastDay = new Date('2026-03-31T00:00:00Z');

test('an open prescription expires on the day after its last, a closed one never', () => {
  const on = (state: string, day: string) => stateOn({ state, validUntil: lastDay }, day);
  expect(on('ISSUED', '2026-03-31')).toBe('ISSUED');
  expect(on('ISSUED', '2026-04-01')).toBe('EXPIRED');
  expect(on('PARTIALLY_DISPENSED', '2026-04-01')).toBe('EXPIRED');
  for (const state of ['DRAFT', 'DISPENSED', 'CANCELLED', 'EXPIRED']) {
    expect(on(state, '2030-01-01')).toBe(state);
  }
  expect(stateOn({ state: 'ISSUED', validUntil: null }, '2030-01-01')).toBe('ISSUED');
  expect(() => on('LOST', '2026-03-31')).toThrow();
});

test('every state allows what it should and nothing else', () => {
  const allowed = Object.fromEntries(
    prescriptionStates.map((state) => [
      state,
      (['CHANGE', 'ISSUE', 'DISPENSE', 'CANCEL'] as const).filter((step) =>
        allowsStep(state, step),
      ),
    ]),
  );
  expect(allowed).toEqual({
    DRAFT: ['CHANGE', 'ISSUE', 'CANCEL'],
    ISSUED: ['DISPENSE', 'CANCEL'],
    PARTIALLY_DISPENSED: ['DISPENSE', 'CANCEL'],
    DISPENSED: [],
    CANCELLED: [],
    EXPIRED: [],
  });
});

test('a prescription is dispensed when no item lacks anything', () => {
  const item = (quantity: number | null, dispensedQuantity: number) => ({
    quantity,
    dispensedQuantity,
  });
  expect(stateAfterDispensing([item(10, 10), item(5, 4)])).toBe('PARTIALLY_DISPENSED');
  expect(stateAfterDispensing([item(10, 10), item(5, 7)])).toBe('DISPENSED');
  expect(stateAfterDispensing([item(null, 0), item(5, 5)])).toBe('PARTIALLY_DISPENSED');
});
