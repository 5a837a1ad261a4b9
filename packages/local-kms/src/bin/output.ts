/** What `local-kms` prints. */
import { styleText } from 'node:util'
import type { KmsCall } from '../call-log.ts'
import type { LocalKms } from '../local-kms.ts'

type Style = Parameters<typeof styleText>[0]

/** Colours a text, or returns it unchanged. */
export type Paint = (style: Style, text: string) => string

/**
 * Colours for a terminal that supports them: `hasColors` also respects `NO_COLOR` and `FORCE_COLOR`. `styleText`
 * would check stdout, which is not always the stream in use.
 */
export const paintFor = (stream: { hasColors?: () => boolean }): Paint =>
  stream.hasColors?.()
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text

/** The variables that a shell needs; empty ones would confuse the AWS CLI. */
const shown = ['AWS_ENDPOINT_URL_KMS', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']

const environmentOf = ({ env }: LocalKms, caFile: string | undefined): Record<string, string> => ({
  ...Object.fromEntries(shown.map((name) => [name, env[name]!])),
  ...(caFile !== undefined && { NODE_EXTRA_CA_CERTS: caFile, AWS_CA_BUNDLE: caFile }),
})

/** Aligned columns, each with its paint. */
const table = (
  rows: readonly (readonly string[])[],
  paints: readonly ((text: string) => string)[],
): string[] => {
  const widths = paints.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      // Padded before painting: colour codes have no width.
      .map((text, column) => paints[column]!(text.padEnd(widths[column]!)))
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

/** Wide enough for the operations that are called often. */
const operationWidth = 'GenerateDataKey'.length

/** One call for people: time, operation, outcome, key. */
export const callLine = (call: KmsCall, paint: Paint): string => {
  const outcome = call.errorCode ? paint('red', call.errorCode) : paint('green', 'ok')
  const fault = call.fault ? ` ${paint('yellow', `(fault: ${call.fault})`)}` : ''
  const time = paint('dim', call.time.slice(11, 23))
  return `${time}  ${call.operation.padEnd(operationWidth)}  ${call.keyArn ?? call.region}  ${outcome}${fault}`
}
