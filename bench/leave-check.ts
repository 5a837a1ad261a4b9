// What the search for opened values costs: whole warm invocations with it, against the same whose values may leave.
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest, encryptResponse, withoutFields } from '@glassine/middy'
import { sampleEvent } from '@glassine/testing'
import middy from '@middy/core'
import { atMost, type BenchOptions, type Figure, reported } from './figure.ts'
import { compare } from './paired.ts'

type Values = Record<string, string>

/** Values as they differ in life: the same length, and no two alike. */
const valuesOf = (count: number): Values =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `field${at}`,
      `value-${at * 7919}-0123456789abcdefghijklmnop`.slice(0, 32),
    ]),
  )

/** A response of about so many bytes, in which no value stands. */
const textOf = (bytes: number): string => {
  const row = (at: number) => ({ id: `r-${at}`, title: `Row ${at * 31} of the response`, amount: at * 17 })
  const rows = Array.from({ length: Math.ceil(bytes / 66) }, (_, at) => row(at))
  return JSON.stringify({ rows })
}

const binding = { tenant: 't-1' }
const context: any = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 30_000 }

/** A warm handler whose opened values are searched for in its responses, or may leave. */
const invocation = async (
  values: Values,
  isSearched: boolean,
  response: (body: Values) => object,
): Promise<() => Promise<unknown>> => {
  const keys = keyMaterial({ keyring: localKeyring(), cacheExpiry: 3_600_000, cacheMaxUses: 2 ** 32 })
  const field = isSearched ? {} : { mayLeave: true }
  const fields = defineFields<any>(
    'patient',
    Object.fromEntries(Object.keys(values).map((name) => [name, field])),
  )
  const envelope = messageEnvelope({ keys })
  const body = await envelope.encrypt<any>({ id: 'p-1', ...values }, fields, { binding, use: 'request' })
  const event = sampleEvent('http-api', { method: 'PUT', path: '/patients/p-1', body })
  const handler: any = middy()
    .use(decryptRequest({ fields, envelope, bind: () => binding }))
    .use(encryptResponse())
    .handler(async ({ body }: any) => response(body))
  const once = async () => handler(event, context)
  const { statusCode } = await once()
  if (statusCode !== 200) throw new Error('the handler did not answer 200')
  return once
}

/** The part of an invocation's time that the search takes, and that time in ms. */
const shareOf = async (values: Values, response: (body: Values) => object, { rounds, ms }: BenchOptions) => {
  const { ratio, a } = await compare(
    await invocation(values, true, response),
    await invocation(values, false, response),
    { rounds: 4 * rounds, ms: ms / 4, clock: 'cpu' },
  )
  const share = 1 - 1 / ratio
  return { share, ms: (share * a) / 1_000 }
}

/** `leave-check-share`, and what 1,000 opened values cost in responses of three lengths. */
export const leaveCheckFigures = async (options: BenchOptions): Promise<readonly Figure[]> => {
  const ten = await shareOf(valuesOf(10), (body) => ({ statusCode: 200, body }), options)
  const figures: Figure[] = [
    atMost(
      'leave-check-share',
      ten.share,
      0.1,
      'share',
      'the search for opened values in a whole warm invocation: ten 32-byte fields in, the same ten out',
    ),
  ]
  const thousand = valuesOf(1_000)
  for (const [name, bytes] of [
    ['2kb', 2_000],
    ['100kb', 100_000],
    ['5mb', 5_000_000],
  ] as const) {
    const page = textOf(bytes)
    const { share, ms } = await shareOf(
      thousand,
      () => withoutFields({ statusCode: 200, body: page }),
      options,
    )
    const what = `1,000 opened values, searched for in a response of ${bytes.toLocaleString('en')} bytes`
    figures.push(
      reported(`leave-check-1000-in-${name}-share`, share, 'share', `${what}: part of the whole invocation`),
      reported(`leave-check-1000-in-${name}-ms`, ms, 'ms', what),
    )
  }
  return figures
}
