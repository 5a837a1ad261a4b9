/** Cases about tags. */
import {
  CreateKeyCommand,
  ListResourceTagsCommand,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-kms'
import type { Bench, Cases } from './harness.ts'

const tags = (values: Record<string, string>): Tag[] =>
  Object.entries(values).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))

const listed = async ({ client }: Bench, KeyId: string) =>
  (await client.send(new ListResourceTagsCommand({ KeyId }))).Tags

const two = tags({ tag1: 'value1', tag2: 'value2' })
const three = tags({ tag1: 'value1', tag2: 'value2', tag3: 'value3' })

const invalidKeys: Readonly<Record<string, string>> = {
  lowercase_prefix: 'aws:key1',
  uppercase_prefix: 'AWS:key1',
  too_long_key: 'a'.repeat(129),
}

export const tagCases: Cases = {
  async test_tag_existing_key_and_untag(bench, match) {
    const { KeyId } = await bench.createKey()
    await bench.client.send(new TagResourceCommand({ KeyId, Tags: two }))
    match('list-resource-tags', await listed(bench, KeyId))
    await bench.client.send(new UntagResourceCommand({ KeyId, TagKeys: ['tag1', 'tag2'] }))
    match('list-resource-tags-after-all-untagged', await listed(bench, KeyId))
  },

  async test_create_key_with_tag_and_untag(bench, match) {
    const { KeyId } = await bench.createKey({ Tags: two })
    match('list-resource-tags', await listed(bench, KeyId))
    await bench.client.send(new UntagResourceCommand({ KeyId, TagKeys: ['tag1', 'tag2'] }))
    match('list-resource-tags-after-all-untagged', await listed(bench, KeyId))
  },

  async test_untag_key_partially(bench, match) {
    const { KeyId } = await bench.createKey({ Tags: three })
    match('list-resource-tags', await listed(bench, KeyId))
    await bench.client.send(new UntagResourceCommand({ KeyId, TagKeys: ['tag2'] }))
    match('list-resource-tags-after-partially-untagged', await listed(bench, KeyId))
  },

  async test_update_and_add_tags_on_tagged_key(bench, match) {
    const { KeyId } = await bench.createKey({ Tags: three })
    match('list-resource-tags', await listed(bench, KeyId))
    const Tags = tags({ tag4: 'value4', tag2: 'updated_value2', tag5: 'value5' })
    await bench.client.send(new TagResourceCommand({ KeyId, Tags }))
    match('list-resource-tags-after-tags-updated', await listed(bench, KeyId))
  },

  async test_tag_key_with_duplicate_tag_keys_raises_error({ createKey, fails }, match) {
    const { KeyId } = await createKey()
    const Tags = [...tags({ tag1: 'value1' }), ...tags({ tag1: 'another-value1' })]
    match('duplicate-tag-keys', await fails(new TagResourceCommand({ KeyId, Tags })))
  },

  async test_create_key_with_too_many_tags_raises_error({ fails }, match) {
    const Tags = tags(Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`key${i}`, `value${i}`])))
    match('invalid-tag-key', await fails(new CreateKeyCommand({ Tags })))
  },

  async test_create_key_with_invalid_tag_key({ fails }, match, [kind = '']) {
    const Tags = tags({ [invalidKeys[kind] ?? '']: 'value1' })
    match('invalid-tag-key', await fails(new CreateKeyCommand({ Tags })))
  },

  async test_tag_existing_key_with_invalid_tag_key({ createKey, fails }, match) {
    const { KeyId } = await createKey()
    match(
      'invalid-tag-key',
      await fails(new TagResourceCommand({ KeyId, Tags: tags({ 'aws:key1': 'value1' }) })),
    )
  },

  async test_key_with_long_tag_value_raises_error({ fails }, match) {
    match('too-long-tag-value', await fails(new CreateKeyCommand({ Tags: tags({ tag1: 'v'.repeat(257) }) })))
  },
}
