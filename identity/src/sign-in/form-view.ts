import { html, trusted, type Html } from './html.ts';

export interface FieldView {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'password';
  readonly autocomplete: 'username' | 'current-password' | 'new-password' | 'one-time-code' | 'off';
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly value?: string;
  /** Codes: large letters of one width; `numeric` asks phones for digits. */
  readonly code?: 'numeric' | 'text';
  readonly isOptional?: boolean;
  readonly hasFocus?: boolean;
}

export interface FormView {
  readonly action: string;
  readonly token: string;
  readonly fields: readonly Html[];
  readonly submit: string;
  readonly isSecond?: boolean;
  readonly hidden?: Readonly<Record<string, string>>;
}

/** A labelled input; what was wrong with it is tied to it, so that a screen reader reads both. */
export function field(view: FieldView): Html {
  const { name, hint, error } = view;
  const tied = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(' ');
  // A page cannot move the focus by itself; the first field that is wrong asks for it.
  const attributes = [
    tied && `aria-describedby="${tied}"`,
    error && 'aria-invalid="true"',
    (view.hasFocus || error) && 'autofocus',
    !view.isOptional && 'required',
    view.code && `class="code" dir="ltr"`,
    view.code === 'numeric' && 'inputmode="numeric"',
    view.code === 'text' && 'autocapitalize="characters"',
    view.autocomplete === 'username' && 'autocapitalize="none"',
  ];
  return html`<div class="field">
    <label for="${name}">${view.label}</label>
    ${hint && html`<p class="hint" id="${name}-hint">${hint}</p>`}
    ${error && html`<p class="error" id="${name}-error">${error}</p>`}
    <input
      id="${name}"
      name="${name}"
      type="${view.type ?? 'text'}"
      autocomplete="${view.autocomplete}"
      maxlength="512"
      spellcheck="false"
      value="${view.value ?? ''}"
      ${trusted(attributes.filter(Boolean).join(' '))}
    />
  </div>`;
}

/** A form that says itself what is missing, in the language of the page. */
export function form(view: FormView): Html {
  const hidden = Object.entries({ form_token: view.token, ...view.hidden });
  return html`<form method="post" action="${view.action}" novalidate>
    ${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${view.fields}
    <button type="submit" ${view.isSecond ? trusted(' class="second"') : undefined}>
      ${view.submit}
    </button>
  </form>`;
}

/** What went wrong with a form as a whole, announced when the page appears. */
export function alert(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<p class="error" role="alert">${text}</p>`;
}
