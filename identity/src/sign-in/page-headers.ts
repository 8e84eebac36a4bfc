import type { PageStyle } from './page.ts';

/**
 * The headers of every page.
 *
 * Threats: scripts from anywhere (no source of any is allowed), a page inside another site's frame,
 * a form that is led elsewhere, a copy in a cache, an address told to others. The referrer policy is
 * `same-origin` and not `no-referrer`, because the latter makes browsers send `Origin: null` with
 * our own forms (Fetch standard, "append a request Origin header").
 *
 * @param leadsTo the client's redirect address: browsers hold form-action also against redirects
 */
export function pageHeaders(style: PageStyle, leadsTo?: string): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${style.hash}'`,
    `form-action 'self'${formTarget(leadsTo)}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  };
}

function formTarget(leadsTo: string | undefined): string {
  if (leadsTo === undefined || !URL.canParse(leadsTo)) return '';
  const { protocol, host } = new URL(leadsTo);
  const isWeb = protocol === 'https:' || protocol === 'http:';
  const target = isWeb ? `${protocol}//${host}` : protocol;
  return /^[a-z0-9+.:/[\]-]+$/i.test(target) ? ` ${target}` : '';
}
