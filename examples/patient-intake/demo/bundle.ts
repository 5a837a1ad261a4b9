import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LambdaHandler } from '@glassine/testing'
import type { MiddyfiedHandler } from '@middy/core'
import { build } from 'esbuild'

// From the root of the repository, where npm's scripts run: this file itself is bundled, so its own place moves.
const at = (file: string) => path.resolve('examples/patient-intake', file)

/** Bundles the handler as a team would deploy it; returns the file and its size in bytes. */
export const bundleHandler = async (): Promise<{ file: string; bytes: number }> => {
  const file = at('dist/handler.mjs')
  const { metafile } = await build({
    entryPoints: [at('src/handler.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    metafile: true,
    logLevel: 'warning',
    // CommonJS dependencies of the AWS SDK call `require` for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  return { file, bytes: Object.values(metafile.outputs)[0]!.bytes }
}

/** What the bundle exports. */
export interface Handlers {
  readonly handler: MiddyfiedHandler<any, any, Error, any>
  readonly jwks: LambdaHandler
}

/** Loads it under a new specifier each time: a second sandbox in one process is a second cold start. */
export const loadHandlers = (file: string): Promise<Handlers> =>
  import(`${pathToFileURL(file).href}?${process.hrtime.bigint()}`)
