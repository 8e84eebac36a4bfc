import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { html, trusted, type Html } from './html.ts';
import { languages, say, translations, type Language, type Translation } from './translation.ts';

export interface PageView {
  readonly language: Language;
  readonly title: string;
  readonly body: Html;
  /** The page says that something typed was not right. */
  readonly isError?: boolean;
  /** Shows the switch of languages; not where what is shown is shown once. */
  readonly offersLanguages?: boolean;
}

export interface PageStyle {
  readonly css: string;
  /** For the content security policy: only this style, no other. */
  readonly hash: string;
}

/** Reads the style of the pages; it travels inside each, so that a slow line asks once. */
export function readPageStyle(): PageStyle {
  const css = readFileSync(new URL('style.css', import.meta.url), 'utf8');
  return { css, hash: createHash('sha256').update(css).digest('base64') };
}

/** A whole page. There is no script in any of them. */
export function renderPage(style: PageStyle, view: PageView): string {
  const { language, title, body, isError = false, offersLanguages = true } = view;
  const t: Translation = translations[language];
  const shown = isError ? say(t.errorTitle, { title }) : title;
  // In one piece: its hash in the policy is of every byte between the tags.
  const styles = trusted(`<style>${style.css}</style>`);
  const page = html`<!doctype html>
    <html lang="${language}" dir="${t.direction}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${shown} – CareGraph</title>
        ${styles}
      </head>
      <body>
        <header translate="no">CareGraph</header>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
        ${offersLanguages && languageSwitch(language, t)}
      </body>
    </html> `;
  return page.html;
}

function languageSwitch(current: Language, t: Translation): Html {
  const links = languages.map((language) => {
    const { languageName: name, direction } = translations[language];
    const isCurrent = language === current && trusted(' aria-current="true"');
    return html`<li>
      <a
        href="?lang=${language}"
        lang="${language}"
        hreflang="${language}"
        dir="${direction}"
        ${isCurrent}
        >${name}</a
      >
    </li>`;
  });
  return html`<footer>
    <nav aria-label="${t.languageSwitch}">
      <ul>
        ${links}
      </ul>
    </nav>
  </footer>`;
}
