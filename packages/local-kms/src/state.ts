/**
 * The state of the local KMS: keys, aliases and grants of one account in all Regions.
 *
 * Dates are milliseconds since the epoch; the wire turns them into AWS's seconds. There are no timers:
 * a due deletion or rotation happens when the key is next looked up.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { KeySpec, KeyUsage } from './specs.ts'

/** One generation of a symmetric or HMAC key's secret. */
export interface Material {
  /** 64 hexadecimal digits. */
  readonly id: string
  readonly secret: Buffer
  readonly createdAt: number
  /** How it became current; absent for the first. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND'
}

/** What all replicas of a multi-Region key share; a single-Region key has its own. */
export interface KeyCore {
  readonly keyId: string
  readonly spec: KeySpec
  readonly usage: KeyUsage
  readonly origin: 'AWS_KMS' | 'EXTERNAL'
  /** Newest last; empty for asymmetric keys and for keys that wait for an import. */
  readonly materials: Material[]
  /** PKCS #8 DER of an asymmetric key; made at its first use, because RSA generation is slow. */
  privateKey?: Buffer
  /** Automatic rotation, when enabled. */
  rotation?: { periodInDays: number; nextAt: number }
  onDemandRotations: number
  /** For multi-Region keys: the Region of the primary. */
  primaryRegion?: string
}

/** A grant, see CreateGrant. */
export interface Grant {
  readonly id: string
  readonly token: string
  readonly name?: string
  readonly granteePrincipal: string
  readonly retiringPrincipal?: string
  readonly operations: readonly string[]
  readonly constraints?: {
    readonly EncryptionContextEquals?: Record<string, string>
    readonly EncryptionContextSubset?: Record<string, string>
  }
  readonly createdAt: number
}

/** The last successful cryptographic operation of a key, see GetKeyLastUsage. */
interface LastUsage {
  readonly operation: string
  readonly at: number
  readonly eventId: string
  readonly requestId: string
}

/** A key as one Region sees it. */
export interface KmsKey {
  readonly core: KeyCore
  readonly region: string
  readonly arn: string
  readonly createdAt: number
  description: string
  enabled: boolean
  policy: string
  readonly tags: Map<string, string>
  readonly grants: Map<string, Grant>
  lastUsage?: LastUsage
  /** Set while the key is pending deletion. */
  deletion?: { windowInDays: number; at?: number }
}

/** A name for a key in one Region; it may be moved to another key. */
export interface Alias {
  readonly name: string
  readonly arn: string
  readonly region: string
  targetKeyId: string
  readonly createdAt: number
  updatedAt: number
}

/** Milliseconds. */
export const day = 86_400_000

/** The account's root, which may do everything. */
export const rootOf = (accountId: string): string => `arn:aws:iam::${accountId}:root`

/** The 32 bytes that identify a key in its ciphertext blobs; the same for all replicas. */
export const keyHash = (keyId: string): Buffer => createHash('sha256').update(`kms:key/${keyId}`).digest()

/** Bytes of secret per spec: AES-256, and for HMAC the output length of the hash. */
const secretLength = (spec: KeySpec): number =>
  spec.startsWith('HMAC_') ? Number(spec.slice('HMAC_'.length)) / 8 : 32

/** New secret bytes, and the id that names this generation in responses. */
export const newMaterial = (spec: KeySpec, now: number, rotation?: Material['rotation']): Material => ({
  id: randomBytes(32).toString('hex'),
  secret: randomBytes(secretLength(spec)),
  createdAt: now,
  ...(rotation && { rotation }),
})

/** A UUID; for multi-Region keys `mrk-` and its digits, so that the id shows the kind of key. */
export const newKeyId = (multiRegion: boolean): string =>
  multiRegion ? `mrk-${randomUUID().replaceAll('-', '')}` : randomUUID()

/** The state of one account. Only operations change it, and they set `changed`. */
export class KmsState {
  readonly accountId: string
  readonly now: () => number
  readonly keys = new Map<string, KmsKey>()
  readonly aliases = new Map<string, Alias>()
  /** Set when something changed that must survive a restart; the dispatcher saves the state and clears this. */
  changed = false
  /** Set when only a last usage changed; that is saved with the next other change, or at the end. */
  usageChanged = false

  constructor(accountId: string, now: () => number) {
    this.accountId = accountId
    this.now = now
  }

  keyArn(region: string, keyId: string): string {
    return `arn:aws:kms:${region}:${this.accountId}:key/${keyId}`
  }

  aliasArn(region: string, name: string): string {
    return `arn:aws:kms:${region}:${this.accountId}:${name}`
  }

  /** The key with that ARN, after due rotations; `undefined` when there is none, or it is due for deletion. */
  findKey(arn: string): KmsKey | undefined {
    const key = this.keys.get(arn)
    if (key === undefined) return undefined
    this.#age(key)
    return this.keys.get(arn)
  }

  /** In order of creation, as ListKeys lists them. */
  keysIn(region: string): KmsKey[] {
    return [...this.keys.values()].filter((key) => key.region === region && this.findKey(key.arn))
  }

  /** The replicas of a key in all Regions, itself included. */
  siblings(key: KmsKey): KmsKey[] {
    return [...this.keys.values()].filter((other) => other.core === key.core)
  }

  /** Aliases belong to the Region of the key they name. */
  aliasesOf(key: KmsKey): Alias[] {
    return [...this.aliases.values()].filter(
      (alias) => alias.region === key.region && alias.targetKeyId === key.core.keyId,
    )
  }

  /** Removes a key and its aliases, which would otherwise point to nothing. */
  remove(key: KmsKey): void {
    for (const alias of this.aliasesOf(key)) this.aliases.delete(alias.arn)
    this.keys.delete(key.arn)
    this.changed = true
  }

  /** A key that missed rotations while it was disabled rotates once when it is enabled, and then by its period. */
  rotateOverdue({ core }: KmsKey): void {
    const now = this.now()
    if (core.rotation === undefined || core.rotation.nextAt > now) return
    core.materials.push(newMaterial(core.spec, now, 'AUTOMATIC'))
    core.rotation.nextAt = now + core.rotation.periodInDays * day
  }

  /** Performs due deletion and automatic rotation. */
  #age(key: KmsKey): void {
    const now = this.now()
    if (key.deletion?.at !== undefined && key.deletion.at <= now) {
      this.remove(key)
      // The waiting period of a primary begins when its last replica is gone.
      for (const other of this.siblings(key)) {
        if (
          other.deletion !== undefined &&
          other.deletion.at === undefined &&
          this.siblings(other).length === 1
        ) {
          other.deletion.at = now + other.deletion.windowInDays * day
        }
      }
      return
    }
    const { rotation, materials, spec } = key.core
    // Several rotations may be due after a long stop or a jump of the test's clock.
    while (rotation !== undefined && key.enabled && key.deletion === undefined && rotation.nextAt <= now) {
      materials.push(newMaterial(spec, rotation.nextAt, 'AUTOMATIC'))
      rotation.nextAt += rotation.periodInDays * day
      this.changed = true
    }
  }
}
