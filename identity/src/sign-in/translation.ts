import ar from './translations/ar.json' with { type: 'json' };
import en from './translations/en.json' with { type: 'json' };
import fr from './translations/fr.json' with { type: 'json' };
import hi from './translations/hi.json' with { type: 'json' };

/** All that a page can say; every language has the same keys. */
export type Translation = Readonly<Record<keyof typeof en, string>>;
export type TextKey = keyof typeof en;

/** The languages, in the order of the switch. A new one is a file and a line here. */
export const translations = { en, hi, fr, ar } as const satisfies Record<string, Translation>;
export type Language = keyof typeof translations;

export const languages: readonly Language[] = ['en', 'hi', 'fr', 'ar'];

export function isLanguage(text: string | undefined): text is Language {
  return languages.some((language) => language === text);
}

export interface LanguageWishes {
  /** What the person chose on a page before. */
  readonly chosen: string | undefined;
  /** Space list of the client, in order of preference (OpenID Connect Core §3.1.2.1). */
  readonly uiLocales: string | undefined;
  readonly acceptLanguage: string | undefined;
}

/** The first language that is wished for and there; English when none is. */
export function chooseLanguage({ chosen, uiLocales, acceptLanguage }: LanguageWishes): Language {
  const wished = [
    chosen,
    ...(uiLocales?.split(' ') ?? []),
    ...byQuality(acceptLanguage?.slice(0, 256) ?? ''),
  ];
  const known = wished.map((tag) => tag?.split('-')[0]?.toLowerCase()).find(isLanguage);
  return known ?? 'en';
}

/** The languages of an Accept-Language header, the most wanted first (RFC 9110 §12.5.4). */
function byQuality(header: string): string[] {
  const wishes = header.split(',').map((entry) => {
    const [tag = '', ...parameters] = entry.trim().split(';');
    const quality = parameters.map((one) => /^\s*q=([\d.]+)$/.exec(one)?.[1]).find(Boolean);
    return { tag, quality: quality === undefined ? 1 : Number(quality) };
  });
  return wishes
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

/** A text with its places filled: `{minutes}` from `{ minutes: 5 }`. */
export function say(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}
