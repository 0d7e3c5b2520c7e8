import manifest from './package.json' with { type: 'json' }

const entries = Object.values(manifest.exports)
  .flatMap((target) => (typeof target === 'string' ? [] : [target.default]))
  .map((file) => file.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))

export default {
  entry: [
    ...entries,
    'test/**/*.{test,test-d}.ts',
    'examples/*.ts',
    'examples/*/main.ts',
    'scripts/*.mjs',
    'scripts/soak/broken.mjs',
  ],
  project: ['{src,test,examples,scripts}/**/*.ts', 'scripts/**/*.mjs'],
  ignoreBinaries: ['openssl'],
  // stand in for their latest versions, by an environment variable of vitest.config.ts
  ignoreDependencies: ['axios-1.20', 'express-5.0', 'koa-2.16'],
}
