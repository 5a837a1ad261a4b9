/** A client's certificate, with the members that the source provides. */
export interface ClientCertificate {
  readonly source: 'rest' | 'http-api' | 'alb'
  /** Whether AWS checked it against the trust store; `false` only for an ALB that passes it through. */
  readonly isVerified: boolean
  /** PEM; absent when an ALB does not send it. */
  readonly pem?: string
  readonly subject?: string
  readonly issuer?: string
  readonly serialNumber?: string
  /** In the source's own format. */
  readonly notBefore?: string
  readonly notAfter?: string
}
