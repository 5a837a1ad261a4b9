/**
 * A CA and a server certificate (X.509 v3, RFC 5280) for one run of the server: node:crypto reads certificates
 * but does not make them. P-256 keys, ECDSA with SHA-256.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import { bitString, octetString, oid, sequence, tags, tlv, unsignedInteger, utcTime } from './der.ts'

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

/** Long enough for a server left running, short enough for every TLS client. */
const lifetime = 397 * 86_400_000
/** Clocks of containers and hosts differ. */
const backdate = 3_600_000

const yes = tlv(tags.boolean, Buffer.of(0xff))

/** A distinguished name with only a CN: subjectAltName names the hosts. */
const commonName = (name: string): Buffer =>
  sequence(tlv(tags.set, sequence(oid('2.5.4.3'), tlv(tags.utf8String, Buffer.from(name)))))

/** RFC 5280, section 4.2; the value of an extension is DER inside an OCTET STRING. */
const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [yes] : []), octetString(value))

/** Any hash of the key will do; it only links the two certificates. */
const keyIdentifier = (publicKey: Buffer): Buffer => createHash('sha1').update(publicKey).digest()

/** Four bytes, or sixteen with the gap of an IPv6 address filled in. */
const ipBytes = (address: string): Buffer => {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const left = head.split(':')
  const right = tail.split(':').filter(Boolean)
  const middle = Array<string>(8 - left.length - right.length).fill('0')
  return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** subjectAltName: [7] for an address, [2] for a name. */
const alternativeNames = (hosts: readonly string[]): Buffer =>
  sequence(...hosts.map((host) => (isIP(host) ? tlv(0x87, ipBytes(host)) : tlv(0x82, Buffer.from(host)))))

/** What differs between the two certificates. */
interface Template {
  readonly subject: string
  readonly issuer: string
  readonly publicKey: KeyObject
  readonly issuerKey: KeyObject
  readonly extensions: (subjectKey: Buffer) => readonly Buffer[]
  readonly now: number
}

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`

/** Assembles and signs a TBSCertificate, RFC 5280, section 4.1. */
const certificate = ({ subject, issuer, publicKey, issuerKey, extensions, now }: Template): string => {
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const toBeSigned = sequence(
    tlv(0xa0, tlv(tags.integer, Buffer.of(2))),
    // A serial number is positive and at most 20 bytes.
    unsignedInteger(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ecdsaWithSha256,
    commonName(issuer),
    sequence(utcTime(new Date(now - backdate)), utcTime(new Date(now + lifetime))),
    commonName(subject),
    spki,
    tlv(0xa3, sequence(...extensions(spki))),
  )
  const signature = sign('sha256', toBeSigned, issuerKey)
  return pem('CERTIFICATE', sequence(toBeSigned, ecdsaWithSha256, bitString(signature)))
}

/** PEM: what a server needs, and the CA that clients must trust. */
export interface Certificates {
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
}

/**
 * Makes a CA and a server certificate for this machine, valid for 397 days. The CA's private key
 * is discarded, so trusting the CA means trusting this server only.
 *
 * @param hosts - names and addresses of the server, for example `localhost`
 * @example
 * ```ts
 * import { createServer } from 'node:https'
 * import { createCertificates } from '@glassine/local-kms/certificates'
 *
 * const { ca, server } = createCertificates(['localhost', '127.0.0.1'])
 * createServer(server, (_request, response) => response.end('hello')).listen(8443)
 * // NODE_EXTRA_CA_CERTS, or `ca` of node:https, takes the CA
 * ```
 */
export const createCertificates = (hosts: readonly string[], now = Date.now()): Certificates => {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const ca = pair()
  const server = pair()
  const caSpki = ca.publicKey.export({ format: 'der', type: 'spki' })
  const caName = 'Local KMS CA'
  const authority = extension('2.5.29.35', sequence(tlv(0x80, keyIdentifier(caSpki))))
  return {
    ca: certificate({
      subject: caName,
      issuer: caName,
      publicKey: ca.publicKey,
      issuerKey: ca.privateKey,
      now,
      extensions: (spki) => [
        // basicConstraints with cA and no intermediate; keyUsage keyCertSign.
        extension('2.5.29.19', sequence(yes, tlv(tags.integer, Buffer.of(0))), true),
        extension('2.5.29.15', bitString(Buffer.of(0x04), 2), true),
        extension('2.5.29.14', octetString(keyIdentifier(spki))),
      ],
    }),
    server: {
      cert: certificate({
        subject: 'Local KMS server',
        issuer: caName,
        publicKey: server.publicKey,
        issuerKey: ca.privateKey,
        now,
        extensions: (spki) => [
          extension('2.5.29.19', sequence(), true),
          // digitalSignature; serverAuth.
          extension('2.5.29.15', bitString(Buffer.of(0x80), 7), true),
          extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
          extension('2.5.29.17', alternativeNames([...new Set(hosts)])),
          extension('2.5.29.14', octetString(keyIdentifier(spki))),
          authority,
        ],
      }),
      key: server.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    },
  }
}
