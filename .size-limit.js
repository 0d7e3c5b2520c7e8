import manifest from './package.json' with { type: 'json' }

/** Kilobytes, minified and compressed, with the dependencies that an entry point loads. */
const limits = {
  '.': 48,
  './axios': 14,
  './koa': 14,
  './express': 14,
  './signers/pkcs11': 14,
  './testing': 14,
}
/** They bring along a part of the file that they share with the main entry; together it is there once. */
const others = 12

/** Each entry point as a bundler takes it. Optional peers are the caller's own. */
export default Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([path, target]) => ({
    name: `orgid-bearer${path.slice(1)}`,
    path: target.default,
    limit: `${limits[path] ?? others} kB`,
    ignore: Object.keys(manifest.peerDependencies),
    modifyEsbuildConfig: (config) => ({ ...config, platform: 'node', format: 'esm' }),
  }))
