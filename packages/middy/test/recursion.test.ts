/** Models that contain themselves, through whole handlers. */
import { Authenticated, Encrypted, Model, Nested } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { type MessageEnvelopeOptions, messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse } from '@glassine/middy'
import { invoke, leaksOf, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import middy from '@middy/core'

@Model('comment')
class Comment {
  @Authenticated() id!: string
  @Encrypted() text!: Encrypted<string>
  @Nested(() => Comment, { in: 'array' }) replies!: Comment[]
}

const keys = keyMaterial({ keyring: localKeyring() })
const comment = (id: string, ...replies: Comment[]): Comment => ({ id, text: `canary-${id}-text`, replies })
const payload = comment('a', comment('b', comment('c'), comment('d')))
const secrets = { a: 'canary-a-text', b: 'canary-b-text', c: 'canary-c-text', d: 'canary-d-text' }
const as = { binding: {}, use: 'request' }

describe.each<[string, MessageEnvelopeOptions]>([
  ['field', { keys }],
  ['bundle', { keys, shape: 'bundle' }],
])('in the %s shape', (_shape, options) => {
  const envelope = messageEnvelope(options as any) as any
  const answering = (answer: (body: Comment) => unknown) =>
    middy(assertEncrypted({ fields: Comment, onRefused: () => {} }) as any)
      .use(decryptRequest({ fields: Comment, envelope, onRefused: () => {} }))
      .use(encryptResponse({ onRefused: () => {} }))
      .handler(async (event: any) => ({ statusCode: 200, body: answer(event.body) }) as any)
  const event = (body: unknown) => sampleEvent('http-api', { body })

  test('a tree is opened and sealed, as an object and as a text of JSON', async () => {
    const sealed = await envelope.encrypt(payload, Comment, as)
    expect(leaksOf(sealed, secrets)).toEqual([])
    for (const answer of [(body: Comment) => body, (body: Comment) => JSON.stringify(body)]) {
      let seen: unknown
      const handler = answering((body) => {
        seen = body
        return answer(body)
      })
      const response = await invoke(handler as any, event(sealed))
      expect(seen).toEqual(payload)
      expect(leaksOf(response, secrets)).toEqual([])
      expect(
        await envelope.decrypt(JSON.parse(response.body), Comment, { binding: {}, use: 'response' }),
      ).toEqual(payload)
    }
  })

  test('an opened value of any depth does not leave in the clear', async () => {
    const sealed = await envelope.encrypt(payload, Comment, as)
    const handler = answering((body) => ({ ...body, title: body.replies[0]!.replies[1]!.text }))
    await expect(invoke(handler as any, event(sealed))).rejects.toMatchObject({ statusCode: 500 })
  })

  test('values of two replies cannot be exchanged, nor a reply moved', async () => {
    const sealed: any = JSON.parse(JSON.stringify(await envelope.encrypt(payload, Comment, as)))
    const [reply] = sealed.replies
    const moved = { ...sealed, replies: [{ ...reply, replies: [...reply.replies].reverse() }] }
    await expect(envelope.decrypt(moved, Comment, as)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
    const cut = { ...sealed, replies: [{ ...reply, replies: reply.replies.slice(0, 1) }] }
    await expect(envelope.decrypt(cut, Comment, as)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
  })

  test('a value in the clear far down is refused in a request', async () => {
    const sealed: any = JSON.parse(JSON.stringify(await envelope.encrypt(payload, Comment, as)))
    sealed.replies[0].replies[0].text = 'clear'
    await expect(envelope.decrypt(sealed, Comment, as)).rejects.toMatchObject({ statusCode: 400 })
  })

  test('a response that contains itself is an error and no overflow', async () => {
    const sealed = await envelope.encrypt(payload, Comment, as)
    const cyclic = comment('z')
    cyclic.replies.push(cyclic)
    const handler = answering(() => cyclic)
    await expect(invoke(handler as any, event(sealed))).rejects.toMatchObject({
      name: 'GlassineError',
      statusCode: 500,
    })
  })
})
