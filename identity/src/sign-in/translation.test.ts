import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { chooseLanguage, isLanguage, languages, translations } from './translation.ts';

test.each(languages)('%s has every text of the others, with the same places', (language) => {
  const placesOf = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  const own = translations[language];
  expect(Object.keys(own)).toEqual(Object.keys(translations.en));
  for (const [key, text] of Object.entries(translations.en)) {
    const translated = Object.entries(own).find(([name]) => name === key)?.[1] ?? '';
    expect(translated.trim(), key).not.toBe('');
    expect(placesOf(translated), key).toEqual(placesOf(text));
  }
});

test('every file of a language is offered', () => {
  const files = globSync('*.json', { cwd: new URL('translations', import.meta.url).pathname });
  expect(
    files.map((file) => file.replace('.json', '')).filter((name) => !isLanguage(name)),
  ).toEqual([]);
});

/** The words in the templates of a source file, the innermost templates first. */
function wordsOf(source: string): string[] {
  const words: string[] = [];
  for (let text = source, before = ''; text !== before;) {
    before = text;
    text = text
      .replace(/\$\{[^{}`]*\}/g, '')
      .replace(/html`([^`$]*)`/g, (_whole, markup: string) => {
        words.push(...(markup.replace(/<[^>]*>/g, ' ').match(/[A-Za-z]{3,}/g) ?? []));
        return '';
      });
  }
  return words;
}

test.each(['pages.ts', 'page.ts', 'form-view.ts', 'provider-pages.ts'])(
  '%s says nothing that is not in a translation file',
  (file) => {
    const words = wordsOf(readFileSync(new URL(file, import.meta.url), 'utf8'));
    expect(words.filter((word) => word !== 'CareGraph')).toEqual([]);
  },
);

test('a word in a page would be found', () => {
  expect(wordsOf('html`<p>${a ? html`<b>Stop</b>` : b}</p>`')).toEqual(['Stop']);
});

test.each([
  [{ chosen: 'fr', uiLocales: 'ar', acceptLanguage: 'hi' }, 'fr'],
  [{ chosen: undefined, uiLocales: 'xx ar-EG', acceptLanguage: 'hi' }, 'ar'],
  [{ chosen: undefined, uiLocales: undefined, acceptLanguage: 'en;q=0.5, hi-IN, fr;q=0.9' }, 'hi'],
  [{ chosen: 'xx', uiLocales: undefined, acceptLanguage: 'de, fr;q=0' }, 'en'],
  [{ chosen: undefined, uiLocales: undefined, acceptLanguage: undefined }, 'en'],
])('%o leads to %s', (wishes, language) => {
  expect(chooseLanguage(wishes)).toBe(language);
});
