import { readdirSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '../..')

/** The project's own files below a folder, by their path from the root: nothing installed, built or hidden. */
export const filesUnder = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (!entry.isDirectory()) return [file]
    return /^(node_modules|dist|\..*)$/.test(entry.name) ? [] : filesUnder(file)
  })
