/** Tags of keys, and the rules that TagResource, CreateKey and ReplicateKey check them by. */

import { type Operation, operation } from '../call.ts'
import { KmsError } from '../errors.ts'
import { list, type Member, required, structure, text } from '../shape.ts'
import { useKey } from '../use-key.ts'
import { keyId, pageOf, pageShape } from './members.ts'

/** A tag on the wire. */
export interface Tag {
  readonly TagKey: string
  readonly TagValue: string
}

/** Per key. */
const maxTags = 50

const tagKey = (): Member<string> => required(text({ min: 1, max: 128 }))

export const tagList = (): Member<Tag[] | undefined> =>
  list(structure({ TagKey: tagKey(), TagValue: required(text({ max: 256 })) }) as Member<Tag>)

export const tagMap = (tags: readonly Tag[]): Map<string, string> =>
  new Map(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))

const refuse = (message: string): KmsError => new KmsError('TagException', message)

/** Checks tags before they are added to those of a key. */
export const checkTags = (tags: readonly Tag[], present: ReadonlyMap<string, string>): void => {
  const added = tagMap(tags)
  if (added.size !== tags.length) throw refuse('Duplicate tag keys')
  if (tags.some(({ TagKey }) => /^aws:/i.test(TagKey))) throw refuse('Tags beginning with aws: are reserved')
  if (new Set([...present.keys(), ...added.keys()]).size > maxTags) throw refuse('Too many tags')
}

const tagResource = operation({ KeyId: required(keyId()), Tags: required(tagList()) }, (input, call) => {
  const { tags } = useKey(call, input.KeyId, { state: 'kept' })
  checkTags(input.Tags, tags)
  for (const { TagKey, TagValue } of input.Tags) tags.set(TagKey, TagValue)
  call.state.changed = true
  return undefined
})

/** Removing an absent tag is not an error. */
const untagResource = operation(
  { KeyId: required(keyId()), TagKeys: required(list(tagKey())) },
  (input, call) => {
    const { tags } = useKey(call, input.KeyId, { state: 'kept' })
    for (const name of input.TagKeys) tags.delete(name)
    call.state.changed = true
    return undefined
  },
)

const listResourceTags = operation({ KeyId: required(keyId()), ...pageShape(maxTags) }, (input, call) => {
  const { tags } = useKey(call, input.KeyId, { state: 'any' })
  const { entries, rest } = pageOf([...tags], ([name]) => name, input, maxTags)
  return { Tags: entries.map(([TagKey, TagValue]) => ({ TagKey, TagValue })), ...rest }
})

export const tagOperations: Readonly<Record<string, Operation>> = {
  TagResource: tagResource,
  UntagResource: untagResource,
  ListResourceTags: listResourceTags,
}
