/** TagResource, UntagResource, ListResourceTags. */
import { type Operation, operation } from '../call.ts'
import { pageOf, pageShape } from '../pages.ts'
import { list, required } from '../shape.ts'
import { checkTags, maxTags, tagKey, tagList } from '../tags.ts'
import { useKey } from '../use-key.ts'
import { keyId } from './members.ts'

const tagResource = operation({ KeyId: required(keyId()), Tags: required(tagList()) }, (input, call) => {
  const { tags } = useKey(call, input.KeyId, { state: 'kept' })
  checkTags(input.Tags, tags)
  for (const { TagKey, TagValue } of input.Tags) tags.set(TagKey, TagValue)
  call.state.changed = true
  return undefined
})

/** Removing a tag that is not there is no error. */
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
