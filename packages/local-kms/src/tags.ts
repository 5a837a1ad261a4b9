/** Tags of keys, and the rules that TagResource, CreateKey and ReplicateKey check them by. */
import { KmsError } from './errors.ts'
import { list, type Member, required, structure, text } from './shape.ts'

/** A tag as the wire has it. */
export interface Tag {
  readonly TagKey: string
  readonly TagValue: string
}

/** Per key. */
export const maxTags = 50

export const tagKey = (): Member<string> => required(text({ min: 1, max: 128 }))

export const tagList = (): Member<Tag[] | undefined> =>
  list(structure({ TagKey: tagKey(), TagValue: required(text({ max: 256 })) }) as Member<Tag>)

export const tagMap = (tags: readonly Tag[]): Map<string, string> =>
  new Map(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))

const refuse = (message: string): KmsError => new KmsError('TagException', message)

/** Checks tags that are to join those a key has. */
export const checkTags = (tags: readonly Tag[], present: ReadonlyMap<string, string>): void => {
  const added = tagMap(tags)
  if (added.size !== tags.length) throw refuse('Duplicate tag keys')
  if (tags.some(({ TagKey }) => /^aws:/i.test(TagKey))) throw refuse('Tags beginning with aws: are reserved')
  if (new Set([...present.keys(), ...added.keys()]).size > maxTags) throw refuse('Too many tags')
}
