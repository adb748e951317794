/**
 * The pages for people, one row per file of the folder pages/. They are static, open to everyone, and hold nothing of a
 * caller or of the policy. A page may load only what its row's policy names; none has an inline script or style. With
 * PAGES=off none of these routes exists.
 */
import type { Hono } from 'hono';
import type { Deps } from '../../deps.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { staticDocument } from '../static-document.ts';
import { placePage } from './place-page.ts';

interface PageFile {
  readonly path: string;
  /** Below pages/. */
  readonly file: string;
  readonly contentType: string;
  readonly contentSecurityPolicy: string;
  /** Whether the address of the deployment belongs in it. */
  readonly isPlaced?: true;
}

/** The reference loads its stylesheet and its icon. It has no script, no form and no frame. */
const REFERENCE_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A file that is no page loads nothing, also when it is opened by itself. */
const LOADS_NOTHING = "default-src 'none'; frame-ancestors 'none'";

export const PAGE_FILES: readonly PageFile[] = [
  {
    path: '/docs',
    file: 'docs/page.html',
    contentType: 'text/html; charset=utf-8',
    contentSecurityPolicy: REFERENCE_POLICY,
    isPlaced: true,
  },
  {
    path: '/docs/page.css',
    file: 'docs/page.css',
    contentType: 'text/css; charset=utf-8',
    contentSecurityPolicy: LOADS_NOTHING,
  },
  {
    path: '/docs/icon.svg',
    file: 'docs/icon.svg',
    contentType: 'image/svg+xml',
    contentSecurityPolicy: LOADS_NOTHING,
  },
];

/** A browser asks again each time (304 while nothing changed), so a page and its stylesheet are of one version. */
const CACHE_CONTROL = 'public, no-cache';

export function servePages(
  app: Hono<AppEnv>,
  { readPage, settings: { publicUrl, pages } }: Pick<Deps, 'readPage' | 'settings'>,
): void {
  if (!pages) return;
  for (const { path, file, contentType, contentSecurityPolicy, isPlaced } of PAGE_FILES) {
    const read = async (): Promise<Uint8Array> => {
      const bytes = await readPage(file);
      return isPlaced === true ? placePage(bytes, publicUrl) : bytes;
    };
    app.get(path, staticDocument({ contentType, cacheControl: CACHE_CONTROL, contentSecurityPolicy, read }));
  }
}
