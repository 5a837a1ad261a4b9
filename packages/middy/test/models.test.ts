/** Errors about models name the model, and say what to do. */
import { arrayOf, defineFields, Encrypted, Model } from '@glassine/core'
import { decryptRequest, encryptResponse, type Refusal } from '@glassine/middy'
import { thrown } from '@glassine/test-support'
import { sampleContext } from '@glassine/testing'
import { expect, test } from '@jest/globals'
import middy from '@middy/core'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { bind, patientFields, requestOf, sealedBy } from './support/stack.ts'

const envelope = fakeEnvelope()
const context = sampleContext()
const onRefused = () => {}

const stack = (fields: any, told: (refusal: Refusal) => void = onRefused) =>
  middy()
    .use(decryptRequest({ fields: patientFields, envelope, bind, onRefused: told }))
    .use(encryptResponse({ fields, onRefused: told }))
    .handler(async () => ({ statusCode: 204 }) as any)

test('a response under another model with the id of the request is refused before the handler runs', async () => {
  const { model } = patientFields as { model: string }
  const other = defineFields<any>(model, { unheard: { optional: true } })
  const event = requestOf('http-api', await sealedBy(envelope))
  for (const _ of [1, 2])
    await expect(stack(other)(event as any, context)).rejects.toMatchObject({
      code: 'ERR_MODEL_INVALID',
      message: `@glassine/middy: two models with different fields have the id ${model}; give one of them an id of its own`,
    })
  for (const fine of [patientFields, arrayOf(patientFields), defineFields<any>('other', { unheard: {} })])
    expect(await stack(fine)(event as any, context)).toMatchObject({ statusCode: 204 })
})

test('a class without @Model is named', () => {
  class Nameless {
    @Encrypted() ssn!: Encrypted<string>
  }
  @Model('parent')
  class Parent {
    @Encrypted() ssn!: Encrypted<string>
  }
  class Child extends Parent {}
  for (const [fields, name] of [
    [Nameless, 'Nameless'],
    [Child, 'Child'],
  ] as const)
    expect(thrown(() => decryptRequest({ fields, envelope })).message).toContain(
      `the class ${name} carries no @Model of its own`,
    )
})

test('a tenant that is not set is named, and its absence stops the request', async () => {
  const unset = middy()
    .use(
      decryptRequest({
        fields: patientFields,
        envelope,
        bind: () => ({ tenant: undefined }) as any,
        onRefused,
      }),
    )
    .handler(async () => ({ statusCode: 204 }) as any)
  await expect(unset(requestOf('http-api', await sealedBy(envelope)) as any, context)).rejects.toMatchObject({
    code: 'ERR_BINDING_INVALID',
    message: 'The encrypted fields of the request could not be decrypted',
    cause: { reason: 'The binding has no value for tenant' },
  })
})

test('a list where the model is none, and the reverse, is told to the operator with what to do', async () => {
  const told: (string | undefined)[] = []
  // What the operator reads is the status that the caller sees.
  const statuses: number[] = []
  const onRefused = ({ reason, statusCode }: Refusal) => {
    told.push(reason)
    statuses.push(statusCode)
  }
  const answering = (fields: any, body: unknown) =>
    middy()
      .use(encryptResponse({ fields, envelope, bind, onRefused }))
      .handler(async () => ({ statusCode: 200, body }) as any)(
      requestOf('http-api', { id: 'x' }) as any,
      context,
    )
  const { model } = patientFields as { model: string }
  await expect(answering(patientFields, [])).rejects.toMatchObject({
    code: 'ERR_FIELD_MISSING',
    statusCode: 500,
    cause: {
      reason: `the response is a list, and the model ${model} is not: its fields are those of arrayOf`,
    },
  })
  await expect(answering(arrayOf(patientFields), { id: 'x' })).rejects.toMatchObject({
    code: 'ERR_FIELD_MISSING',
  })
  const reading = middy()
    .use(decryptRequest({ fields: patientFields, envelope, bind, onRefused }))
    .handler(async () => ({ statusCode: 204 }) as any)
  await expect(reading(requestOf('http-api', []) as any, context)).rejects.toMatchObject({ statusCode: 400 })
  expect(statuses).toEqual([500, 500, 400])
  expect(told).toEqual([
    `the response is a list, and the model ${model} is not: its fields are those of arrayOf`,
    `the response is no list, and the model ${model} is one`,
    'the model is no list, unlike the body',
  ])
})

test('an instance of a class is refused with what to return in its place', async () => {
  class Instance {
    id = 'x'
    canary = 'secret-4711'
  }
  const told: Refusal[] = []
  const answering = middy()
    .use(
      encryptResponse({ fields: patientFields, envelope, bind, onRefused: (refusal) => told.push(refusal) }),
    )
    .handler(async () => ({ statusCode: 200, body: new Instance() }) as any)
  await expect(answering(requestOf('http-api', { id: 'x' }) as any, context)).rejects.toMatchObject({
    code: 'ERR_RESPONSE_INVALID',
    message: 'The body of the response is an instance of a class: return a plain object, or its JSON text',
  })
  expect(JSON.stringify(told)).not.toContain('4711')
})
