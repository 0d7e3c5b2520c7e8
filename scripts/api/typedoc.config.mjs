// The reference, a page for each entry point in the package.json above: `npm run docs` runs this.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Converter, ReflectionKind } from 'typedoc'

const root = new URL('../../', import.meta.url)
const { name, exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

/** By its source file, what an entry point is imported as. */
const entries = new Map(
  Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path, target]) => [
      fileURLToPath(new URL(target.default.replace(/^\.\/dist\/(.+)\.js$/, 'src/$1.ts'), root)),
      name + path.slice(1),
    ]),
)

/** Modules by what they are imported as, and each method where it is declared, and only there. */
function shape(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = entries.get(project.getSymbolIdFromReflection(module).fileName)
    }
  })
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const method of project.getReflectionsByKind(ReflectionKind.Method)) {
      if (method.inheritedFrom) project.removeReflection(method)
    }
  })
}

/** @type {import('typedoc').TypeDocOptions & import('typedoc-plugin-markdown').PluginOptions} */
export default {
  entryPoints: [...entries.keys()].filter((file) => existsSync(file)),
  tsconfig: fileURLToPath(new URL('src/tsconfig.json', root)),
  basePath: fileURLToPath(root),
  plugin: ['typedoc-plugin-markdown', shape],
  name,
  readme: 'none',
  router: 'module',
  // The type check is that of the package, with the TypeScript of the package
  skipErrorChecking: true,
  excludeInternal: true,
  excludeExternals: true,
  disableSources: true,
  githubPages: false,
  sort: ['alphabetical'],
  groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases', '*'],
  // Its own count of headings that differ in nothing but case is not GitHub's
  useHTMLAnchors: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { leftAlignHeaders: true, hideModifiers: true, hideInherited: true },
}
