/** Languages that clinical content carries besides English. */
export type ContentLanguage = 'hi' | 'fr' | 'ar';

/** A coded entry with its English title and the translations there are. */
export interface Titled {
  readonly title: string;
  readonly translations?: { readonly [language in ContentLanguage]?: string };
}

/** What every data file says of itself. */
export interface ContentFile<Entry> {
  /** Semantic version of the content: major when a code changes its meaning or leaves. */
  readonly version: string;
  /** The public documents that the facts come from. */
  readonly source: string;
  readonly licenceNote: string;
  readonly entries: readonly Entry[];
}

const isContentLanguage = (language: string): language is ContentLanguage =>
  language === 'hi' || language === 'fr' || language === 'ar';

/**
 * The title of an entry in a language, in English where there is no translation.
 *
 * @param entry any coded entry of this package
 * @param language BCP 47 tag, such as hi or fr-CM; only its language is looked at
 * @example translate(findDisease('A09.9'), 'hi')
 */
export const translate = (entry: Titled, language: string): string => {
  const base = language.toLowerCase().split('-')[0] ?? '';
  return (isContentLanguage(base) ? entry.translations?.[base] : undefined) ?? entry.title;
};

/** All titles of an entry, English first: what a search looks through. */
export const titlesOf = (entry: Titled): readonly string[] => [
  entry.title,
  ...Object.values(entry.translations ?? {}),
];
