// Third-party reference data (test vectors, captured events, recorded responses) is in a folder `shared` beside the
// repository, not in it. Only this file knows the folder; tests that need it are skipped if it is absent.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describeWhere } from './where.ts'

const root = new URL('../../../shared/', import.meta.url)

/** Reads the files of one folder of the reference data; throws if the folder is absent. */
export interface SharedFolder {
  /** A text file. */
  text(file: string): string
  /** A JSON file. */
  json(file: string): any
  /** The names of the JSON files in a folder, without `.json`, sorted. */
  names(folder: string): readonly string[]
}

/**
 * Describes tests that read reference data.
 *
 * @param folder - in the reference data, for example `vectors/message`
 */
export const describeShared = (name: string, folder: string, tests: (files: SharedFolder) => void): void => {
  const missing = existsSync(new URL(`${folder}/`, root)) ? undefined : `there is no ../shared/${folder}`
  describeWhere('shared', missing, name, () => tests(sharedFolder(folder)))
}

/** One folder of the reference data, for helpers of tests within {@link describeShared}. */
export const sharedFolder = (folder: string): SharedFolder => {
  const url = new URL(`${folder}/`, root)
  const text = (file: string) => readFileSync(new URL(file, url), 'utf8')
  return {
    text,
    json: (file) => JSON.parse(text(file)),
    names: (sub) =>
      readdirSync(new URL(`${sub}/`, url))
        .filter((file) => file.endsWith('.json'))
        .map((file) => file.slice(0, -'.json'.length))
        .sort(),
  }
}
