import { eraseFacts, type StoreErasure } from '@caregraph/erasure';

/** Forgets a person: visits, findings, pregnancies, doses, referrals and tasks. */
export const clinicalErasure: StoreErasure = eraseFacts({
  store: 'clinical',
  // An amendment of a checkup may name a pregnancy: whoever writes it holds the checkup first.
  records: [
    { typename: 'Checkup', table: 'checkup' },
    { typename: 'Pregnancy', table: 'pregnancy' },
    { typename: 'Immunization', table: 'immunization' },
    { typename: 'Referral', table: 'referral' },
    { typename: 'Task', table: 'task' },
  ],
  deletions: [
    'DELETE FROM task WHERE patient_id = $1',
    `DELETE FROM referral_step USING referral
     WHERE referral_id = referral.id AND referral.patient_id = $1`,
    'DELETE FROM referral WHERE patient_id = $1',
    'DELETE FROM checkup_disease WHERE patient_id = $1',
    'DELETE FROM checkup WHERE patient_id = $1',
    `DELETE FROM pregnancy_risk_flag USING pregnancy
     WHERE pregnancy_id = pregnancy.id AND pregnancy.patient_id = $1`,
    'DELETE FROM pregnancy WHERE patient_id = $1',
    'DELETE FROM immunization WHERE patient_id = $1',
  ],
});
