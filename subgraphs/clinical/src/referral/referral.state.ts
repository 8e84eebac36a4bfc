export const referralStates = [
  'REQUESTED',
  'ACCEPTED',
  'ARRIVED',
  'COMPLETED',
  'DECLINED',
  'CANCELLED',
] as const;

export type ReferralState = (typeof referralStates)[number];

/**
 * Which state may follow which. A patient who is ill may arrive before anyone has accepted; who has
 * arrived is seen through, and what has ended stays so.
 */
export const nextStates: Readonly<Record<ReferralState, readonly ReferralState[]>> = {
  REQUESTED: ['ACCEPTED', 'ARRIVED', 'DECLINED', 'CANCELLED'],
  ACCEPTED: ['ARRIVED', 'DECLINED', 'CANCELLED'],
  ARRIVED: ['COMPLETED'],
  COMPLETED: [],
  DECLINED: [],
  CANCELLED: [],
};

/** Tells whether a referral may go from one state to another. */
export function mayFollow(from: string, to: ReferralState): boolean {
  const state = referralStates.find((one) => one === from);
  return state !== undefined && nextStates[state].includes(to);
}
