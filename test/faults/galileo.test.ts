import { afterAll, beforeAll, describe, it } from 'vitest';
import { GALILEO_SITUATIONS } from './galileo.ts';
import { playWithGalileo, startGalileoStage } from './play-galileo.ts';
import type { GalileoStage } from './play-galileo.ts';

describe('an invite, when', () => {
  let stage: GalileoStage;
  beforeAll(async () => {
    stage = await startGalileoStage();
  });
  afterAll(() => stage.stop());

  for (const situation of GALILEO_SITUATIONS)
    it(situation.what.replace(/^The /, 'the '), () => playWithGalileo(stage, situation));
});
