import { eraseFacts, type StoreErasure } from '@caregraph/erasure';

/**
 * Forgets a person: allergies, prescriptions and what was handed out. The ledger of the stock stays
 * whole: its lines say how much left a batch and name a dispensing that nothing is known of any more.
 */
export const prescriptionErasure: StoreErasure = eraseFacts({
  store: 'prescription',
  records: [
    { typename: 'Prescription', table: 'prescription' },
    { typename: 'Dispensing', table: 'dispensing' },
    { typename: 'Allergy', table: 'allergy' },
  ],
  deletions: [
    'DELETE FROM dispensing WHERE patient_id = $1',
    'DELETE FROM prescription_item WHERE patient_id = $1',
    'DELETE FROM prescription WHERE patient_id = $1',
    'DELETE FROM allergy WHERE patient_id = $1',
  ],
});
