// node --expose-gc --max-old-space-size=256 tools/ts.mjs bench/flood-process.ts REQUESTS MEGABYTES
// Takes a flood of requests full of forged headers, and prints as JSON what is left of it in memory and in the caches.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { defineFields } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest } from '@glassine/middy'
import middy from '@middy/core'
import {
  countedKeyArn,
  countingKms,
  type ForgedKey,
  forgedKey,
  forgedMessage,
  withForgedKey,
} from '../tools/test-support/strangers.ts'

const [requests, megabytes] = process.argv.slice(2).map(Number) as [number, number]
const kms = countingKms()
const keyring = () => kmsKeyring({ keyId: countedKeyArn, client: kms.client as never })
const fields = defineFields<{ notes: string[] }>('patient', { 'notes[*]': {} })
const handler = middy()
  .use(
    decryptRequest({
      fields,
      // A flood takes longer than the default of five minutes, and what expires is not pushed out by strangers.
      envelope: messageEnvelope({ keys: keyMaterial({ keyring: keyring(), cacheExpiry: 86_400_000 }) }),
      bind: ({ headers }) => ({ tenant: headers.tenant }),
      principal: ({ headers }) => headers.user,
      clearResponse: true,
      onRefused: () => {},
    }),
  )
  .handler(async () => ({ statusCode: 204 }))

const lambda: any = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 30_000 }
const send = (tenant: string, user: string, body: string): Promise<unknown> =>
  handler(
    {
      version: '2.0',
      routeKey: 'POST /patients',
      rawPath: '/patients',
      rawQueryString: '',
      headers: { 'content-type': 'application/json', tenant, user },
      requestContext: {
        http: { method: 'POST', path: '/patients' },
        domainName: 'api.example.com',
        stage: '$default',
        accountId: '111122223333',
      },
      body,
      isBase64Encoded: false,
    } as never,
    lambda,
  )

const writer = messageEnvelope({ keys: keyMaterial({ keyring: keyring() }), use: 'request' })
const written = async (tenant: string) =>
  writer.encrypt({ notes: [tenant] }, fields, { binding: { tenant } }) as Promise<{ notes: string[] }>
const others: (readonly [tenant: string, body: string])[] = []
for (let at = 0; at < 200; at++) others.push([`t-${at}`, JSON.stringify(await written(`t-${at}`))])
const sendOthers = async (): Promise<number> => {
  const before = kms.count.decrypt
  for (const [tenant, body] of others) await send(tenant, `user of ${tenant}`, body)
  return kms.count.decrypt - before
}

const tenant = 'evil'
const context = { 'glassine:model': 'patient', 'glassine:use': 'request', tenant }
const own = (await written(tenant)).notes[0]!
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
const { x, y } = publicKey.export({ format: 'jwk' })
const point = Buffer.concat([
  Buffer.from([Buffer.from(y!, 'base64url').at(-1)! & 1 ? 3 : 2]),
  Buffer.from(x!, 'base64url'),
]).toString('base64')
const junk = (bytes: number): ForgedKey => ['x'.repeat(bytes), randomBytes(bytes), randomBytes(bytes)]

/** The kinds of junk, each of which has filled a memory once. */
const kinds: readonly (() => string)[] = [
  // Headers as long as the format allows.
  () => forgedMessage(context, [junk(65_000)]),
  // As long as we allow, under the key that is ours.
  () => forgedMessage(context, [forgedKey(), junk(1_100)]),
  // A public key with junk that Node's base64 skips.
  () =>
    forgedMessage({ ...context, 'aws-crypto-public-key': point + '~'.repeat(3_000) }, [forgedKey()], 0x0578),
  // A public key that is right.
  () => forgedMessage({ ...context, 'aws-crypto-public-key': point }, [forgedKey()], 0x0578),
  // A key that is genuine, and junk beside it.
  () => withForgedKey(own, junk(1_000)),
]

/** A body of one kind: as many different headers as a payload may have, over and over. */
const bodyOf = (forge: () => string): string => {
  const forged = Array.from({ length: 60 }, forge)
  const length = forged[0]!.length + 3
  const notes = Array.from(
    { length: Math.floor((megabytes * 1_000_000) / length) },
    (_, at) => forged[at % 60],
  )
  return JSON.stringify({ notes })
}

const memory = (): { readonly heap: number; readonly external: number } => {
  global.gc!()
  const { heapUsed, external } = process.memoryUsage()
  return { heap: heapUsed / 1e6, external: external / 1e6 }
}

await sendOthers()
const isWarm = (await sendOthers()) === 0
// What the first requests compile and load is no memory of strangers.
for (const forge of kinds) await send(tenant, 'first', bodyOf(forge)).catch(() => {})
const start = memory()
const most = { heap: 0, external: 0 }
const before = kms.count.decrypt
let refused = 0
for (let at = 0; at < requests; at++) {
  await send(tenant, `user-${at}`, bodyOf(kinds[at % kinds.length]!)).catch(() => refused++)
  // The time of strangers is not that of the invocation alone.
  if (at % 50 !== 49 && at !== requests - 1) continue
  const { heap, external } = memory()
  most.heap = Math.max(most.heap, heap - start.heap)
  most.external = Math.max(most.external, external - start.external)
}
console.log(
  JSON.stringify({
    isWarm,
    refused,
    calls: kms.count.decrypt - before,
    callsOfOthers: await sendOthers(),
    heap: most.heap,
    external: most.external,
  }),
)
