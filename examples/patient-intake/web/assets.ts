import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'

// From the root of the repository, as in demo/bundle.ts.
const folder = path.resolve('examples/patient-intake/web/page')

/** A file of the page. */
export interface Asset {
  readonly type: string
  readonly content: string
}

/**
 * Bundles the page in memory: its code with the client and the model, and its styles. Nothing comes from elsewhere.
 *
 * @param conditions - of `exports`; tests name the one that leads to sources
 */
export const bundlePage = async (conditions: readonly string[] = []): Promise<Record<string, Asset>> => {
  const { outputFiles } = await build({
    entryPoints: [path.join(folder, 'main.ts'), path.join(folder, 'style/main.css')],
    outdir: folder,
    entryNames: '[ext]/page',
    write: false,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    minify: true,
    conditions: [...conditions],
    logLevel: 'warning',
  })
  const text = (ending: string) => outputFiles.find((file) => file.path.endsWith(ending))!.text
  return {
    '/': {
      type: 'text/html; charset=utf-8',
      content: await readFile(path.join(folder, 'index.html'), 'utf8'),
    },
    '/page.js': { type: 'text/javascript; charset=utf-8', content: text('.js') },
    '/page.css': { type: 'text/css; charset=utf-8', content: text('.css') },
    '/icon.svg': { type: 'image/svg+xml', content: await readFile(path.join(folder, 'icon.svg'), 'utf8') },
  }
}

/** Only what this server sends runs, loads or is called. */
export const pageHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}
