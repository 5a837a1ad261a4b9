/** The command line of `local-kms`. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { LocalKmsAccessKey } from '../credentials.ts'
import type { LocalKmsOptions } from '../options.ts'
import type { LocalKmsPrincipal } from '../principals.ts'

export const usage = `Usage: local-kms [options]

A KMS on this machine that answers as AWS's does, for tests and development.

  --port <number>      port to listen on; default 8080, 0 takes any free one
  --host <address>     address to listen on; default 127.0.0.1
  --region <region>    default eu-west-1; other Regions are served too
  --account <digits>   account id; default 111122223333
  --key <alias>        a key to start with, any number of times: alias/patients,
                       alias/x:RSA_2048, alias/y:ECC_NIST_P256:KEY_AGREEMENT
  --file <path>        keep the state, key material included, in a JSON file
  --credentials <key>  another access key to accept, any number of times:
                       id:secret, or id:secret:principal
  --principals <path>  policies and tags of principals, in a JSON file
  --no-verify-signatures
                       accept any signature, for tools without the secret
  --allow-host <name>  a name to be called by, any number of times; addresses
                       and names without a dot are always allowed
  --https              serve TLS with a new CA
  --ca <path>          where --https writes the CA; default: a temporary folder
  --json               print one line of JSON; the call log is JSON lines
  --quiet              no call log
  --help               this text
`

/** The parsed command line. */
export interface Arguments {
  readonly help: boolean
  readonly json: boolean
  readonly quiet: boolean
  readonly ca: string | undefined
  readonly server: LocalKmsOptions
}

/** For an invalid command line; the message is meant to be printed. */
export class UsageError extends Error {}

/** `id:secret` or `id:secret:principal`. ARNs contain colons, ids and secrets do not. */
const readCredentials = (text: string): LocalKmsAccessKey => {
  const [accessKeyId = '', secretAccessKey = '', ...principal] = text.split(':')
  return { accessKeyId, secretAccessKey, ...(principal.length > 0 && { principal: principal.join(':') }) }
}

/** `{ "arn:aws:iam::111122223333:role/intake": { "policies": [...], "tags": {...} } }`. */
const readPrincipals = (file: string): Record<string, LocalKmsPrincipal> => {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${file} is not JSON`)
  }
}

const defaultPort = '8080'

export const readArguments = (args: readonly string[]): Arguments => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: defaultPort },
        host: { type: 'string' },
        region: { type: 'string' },
        account: { type: 'string' },
        key: { type: 'string', multiple: true },
        file: { type: 'string' },
        credentials: { type: 'string', multiple: true, default: [] },
        principals: { type: 'string' },
        'no-verify-signatures': { type: 'boolean', default: false },
        'allow-host': { type: 'string', multiple: true },
        https: { type: 'boolean', default: false },
        ca: { type: 'string' },
        json: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    // `Number('')` is 0, which would mean any port.
    const port = /^\d+$/.test(values.port) ? Number(values.port) : Number.NaN
    return {
      help: values.help,
      json: values.json,
      quiet: values.quiet,
      ca: values.ca,
      server: {
        port,
        host: values.host,
        region: values.region,
        accountId: values.account,
        file: values.file,
        keys: values.key,
        https: values.https,
        credentials: values.credentials.map(readCredentials),
        principals: values.principals === undefined ? undefined : readPrincipals(values.principals),
        verifySignatures: !values['no-verify-signatures'],
        allowedHosts: values['allow-host'],
      },
    }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
