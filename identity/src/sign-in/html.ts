/** Text that is HTML already. Everything else is escaped when it is put into a page. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | undefined | false | readonly Html[];

/**
 * Builds HTML; what is put in is escaped unless it is HTML itself.
 *
 * Threat: a value from a form comes back as markup. Defence: there is no way to write a page but
 * this one, and nothing but its own results goes in unescaped.
 *
 * @example html`<p>${typedByAStranger}</p>`
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const pieces = texts.map((text, index) => text + render(parts[index]));
  return { html: pieces.join('') };
}

/** Marks the output of a library as HTML: only for what cannot hold a stranger's text. */
export function trusted(text: string): Html {
  return { html: text };
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part));
  if ('html' in part) return part.html;
  return part.map((one) => one.html).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => entities[letter] ?? '');
}
