import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'] } },
      { test: { name: 'http', include: ['test/http/**/*.test.ts'] } },
      { test: { name: 'attack', include: ['test/attack/**/*.test.ts'] } },
      { test: { name: 'arch', include: ['test/arch/**/*.test.ts'] } },
    ],
  },
});
