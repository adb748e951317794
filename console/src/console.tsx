/** The entry of the page: reads the settings, ends a sign-in that is under way, and shows the view of the path. */
import { render } from 'preact';
import { App } from './app.tsx';
import { Button } from './parts/button.tsx';
import { Loading, StatePage } from './parts/states.tsx';
import { createRouter } from './router.ts';
import { openSession } from './session/session.ts';
import { readSettings } from './settings.ts';
import { TEXTS } from './texts.ts';

const root = document.getElementById('console');
if (root !== null) {
  render(<Loading />, root);
  try {
    const { session, path } = await openSession(await readSettings());
    if (path !== null) history.replaceState(null, '', path);
    render(<App session={session} router={createRouter()} />, root);
  } catch {
    render(
      <main id="main">
        <StatePage
          title={TEXTS.states.unreachableTitle}
          tone="bad"
          actions={<Button onClick={() => location.reload()}>{TEXTS.states.reload}</Button>}
        />
      </main>,
      root,
    );
  }
}
