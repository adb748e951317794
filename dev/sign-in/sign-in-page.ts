/** The pages that a person sees at the stand-in identity provider: who to be, and what is wrong with a request. */
import { html } from 'hono/html';
import type { AuthorizationRequest } from './authorization-request.ts';
import { PEOPLE } from './people.ts';

/** As the form sends it, for the client itself and for someone who goes back. */
export const THE_APP = '(app)';
export const NOBODY = '(nobody)';

export const SIGN_IN_CSS = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 3rem auto; max-width: 34rem; padding: 0 1rem; }
.stand-in { border-left: .3rem solid #d97706; margin: 0; padding: .2rem .8rem; }
ul { display: grid; gap: .6rem; list-style: none; padding: 0; }
button { background: Canvas; border: 1px solid GrayText; border-radius: .5rem; color: CanvasText; cursor: pointer;
  font: inherit; padding: .7rem 1rem; text-align: left; width: 100%; }
button:hover, button:focus-visible { border-color: LinkText; outline: 2px solid LinkText; }
button span { display: block; font-size: .9rem; opacity: .8; }
`;

type Html = ReturnType<typeof html>;

export function signInPage({ clientId, redirectUri, scopes, loginHint }: AuthorizationRequest, cssPath: string): Html {
  const asked = scopes.length === 0 ? 'no scope, so all that the person has' : scopes.join(' ');
  return page(
    'Sign in as',
    cssPath,
    html`<p>
        <strong>${clientId}</strong> at ${new URL(redirectUri).origin} asks who you are (${asked}). Who do you want to
        be?
      </p>
      <form method="post">
        <ul>
          ${Object.entries(PEOPLE).map(([id, { name, about }]) => choice(id, name, about, id === loginHint))}
          ${choice(THE_APP, 'The app itself', 'no person: as with client credentials', false)}
          ${choice(NOBODY, 'Cancel', 'back to the page with access_denied', false)}
        </ul>
      </form>`,
  );
}

export function problemPage(problem: string, cssPath: string): Html {
  return page('This sign-in cannot start', cssPath, html`<p>${problem}</p>`);
}

export function signedOutPage(cssPath: string): Html {
  return page('Signed out', cssPath, html`<p>There was no session to end: the page forgets its tokens itself.</p>`);
}

function choice(value: string, name: string, about: string, isHinted: boolean): Html {
  return html`<li>
    <button name="person" value="${value}" ${isHinted ? 'autofocus' : ''}>${name} <span>${about}</span></button>
  </li>`;
}

function page(title: string, cssPath: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · stand-in identity provider</title>
        <link rel="stylesheet" href="${cssPath}" />
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          <p class="stand-in">
            This is a stand-in identity provider for local work. There are no passwords, and nobody is real.
          </p>
          ${content}
        </main>
      </body>
    </html>`;
}
