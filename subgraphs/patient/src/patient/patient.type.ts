/** Where someone lives. */
export interface Place {
  readonly areaId: string;
  readonly householdId: string | null;
}

/** Whether someone is in care, and which record answers for them. */
export interface Standing {
  readonly status: string;
  readonly deceasedOn: string | null;
  readonly mergedIntoId: string | null;
}

/** Who someone is, and how to reach them. */
export interface Particulars {
  readonly name: string;
  readonly sex: string;
  readonly birth: { readonly date: string | null; readonly estimated: boolean };
  readonly address: string | null;
  readonly phone: string | null;
  readonly preferredLanguage: string | null;
}
