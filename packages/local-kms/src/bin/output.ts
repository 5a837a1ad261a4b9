/** What `local-kms` prints. */
import { styleText } from 'node:util'
import type { KmsCall } from '../call-log.ts'
import type { LocalKms } from '../local-kms.ts'

type Style = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it. */
export type Paint = (style: Style, text: string) => string

/**
 * Colours for a terminal that has them: `hasColors` also knows `NO_COLOR` and `FORCE_COLOR`. `styleText` would
 * look at stdout again, which is not always the stream that is written to.
 */
export const paintFor = (stream: { hasColors?: () => boolean }): Paint =>
  stream.hasColors?.()
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text

/** The variables that point the AWS SDKs and the AWS CLI to the server. */
const environmentOf = (kms: LocalKms, caFile: string | undefined): Record<string, string> => ({
  AWS_ENDPOINT_URL_KMS: kms.endpoint,
  AWS_REGION: kms.region,
  AWS_ACCESS_KEY_ID: kms.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: kms.credentials.secretAccessKey,
  ...(caFile !== undefined && { NODE_EXTRA_CA_CERTS: caFile, AWS_CA_BUNDLE: caFile }),
})

/** Rows in aligned columns, each painted by its own. */
const table = (
  rows: readonly (readonly string[])[],
  paints: readonly ((text: string) => string)[],
): string[] => {
  const widths = paints.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      // Padded before it is painted: colour codes have no width.
      .map((text, column) => paints[column]?.(text.padEnd(widths[column] ?? 0)) ?? text)
      .join('  ')
      .trimEnd(),
  )
}

/** The text for people. */
export const banner = (
  kms: LocalKms,
  file: string | undefined,
  caFile: string | undefined,
  paint: Paint,
): string => {
  const indent = (line: string): string => `  ${line}`
  const keys = table(
    kms.keys.map(({ alias = '', arn }) => [alias, arn]),
    [(text) => paint('cyan', text), (text) => text],
  )
  const variables = Object.entries(environmentOf(kms, caFile)).map(
    ([name, value]) => `${paint('dim', 'export')} ${name}=${paint('green', value)}`,
  )
  return [
    `${paint('bold', 'Local KMS')} on ${paint('green', kms.endpoint)}`,
    '',
    ...(keys.length > 0 ? [...keys.map(indent), ''] : []),
    ...variables.map(indent),
    '',
    paint(
      'dim',
      `For tests and development: keys are ${file ? `in ${file}` : 'in memory'}, in the clear. Ctrl-C ends it.`,
    ),
    '',
  ].join('\n')
}

/** The line for programs. */
export const jsonLine = (kms: LocalKms, caFile: string | undefined): string =>
  JSON.stringify({
    endpoint: kms.endpoint,
    region: kms.region,
    accountId: kms.accountId,
    keys: kms.keys,
    env: environmentOf(kms, caFile),
  })

/** Names of operations are at most this long, give or take one that nobody calls in a loop. */
const operationWidth = 'GenerateDataKey'.length

/** One call for people: time, operation, outcome, key. */
export const callLine = (call: KmsCall, paint: Paint): string => {
  const outcome = call.errorCode ? paint('red', call.errorCode) : paint('green', 'ok')
  const fault = call.fault ? ` ${paint('yellow', `(fault: ${call.fault})`)}` : ''
  const time = paint('dim', call.time.slice(11, 23))
  return `${time}  ${call.operation.padEnd(operationWidth)}  ${call.keyArn ?? call.region}  ${outcome}${fault}`
}
