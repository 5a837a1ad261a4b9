import type { IsAny, IsEncrypted } from './types.ts'

/** The compiler prints the sentence when a decorated field breaks a rule: no argument has this type. */
export interface Fault<Sentence extends string> {
  readonly glassine: Sentence
}

// Without `strictNullChecks` everything may be undefined, and the compiler cannot tell optional members apart.
type MayBe<Absent, V> = undefined extends string ? false : Absent extends V ? true : false

/** The context of a TC39 field decorator that no static and no `#private` field has. */
type InstanceField<This, Value> = ClassFieldDecoratorContext<This, Value> & { static: false; private: false }

type IsClass<T> = T extends abstract new (...args: never[]) => unknown ? true : false

type LegacyRule<This, Rule> = IsClass<This> extends true ? Fault<'a static member cannot be declared'> : Rule

/** `unknown` when the type of an `@Encrypted` field is right. */
export type EncryptedRule<V, Optional extends boolean> =
  IsEncrypted<V> extends false
    ? Fault<'the field must be declared with the type Encrypted<...>'>
    : Optional extends true
      ? unknown
      : MayBe<undefined, V> extends true
        ? Fault<'a field that may be absent needs { optional: true }'>
        : unknown

/** `unknown` when the type of a `@Masked` field is right. */
export type MaskedRule<V> =
  IsAny<V> extends true
    ? Fault<'the field must be declared as a string'>
    : IsEncrypted<V> extends true
      ? Fault<'a masked field is not Encrypted<...>: it is never sealed'>
      : [NonNullable<V>] extends [string]
        ? unknown
        : Fault<'the field must be declared as a string'>

/** `unknown` when the type of a `@Nested` field is right. */
export type NestedRule<V, T, In, Optional extends boolean> =
  Same<Element<NonNullable<V>, In>, T> extends false
    ? Fault<'the type of the field is not what @Nested names'>
    : Optional extends true
      ? unknown
      : MayBe<undefined, V> | MayBe<null, V> extends false
        ? unknown
        : Fault<'a nested field that may be absent or null needs { optional: true }'>

type Element<V, In> = [In] extends ['array']
  ? V extends readonly (infer E)[]
    ? E
    : never
  : [In] extends ['record']
    ? V extends Readonly<Record<string, infer E>>
      ? E
      : never
    : V

// Both ways: a subclass would bring fields that the policy of the named class does not know.
type Same<A, B> = IsAny<A> extends true ? false : [A] extends [B] ? ([B] extends [A] ? true : false) : false

// In each of these the legacy overload stands first: the compiler prints the error of the last one.

/** What `Encrypted(...)` returns. */
export interface EncryptedDecorator<Optional extends boolean> {
  <This extends object, Name extends keyof This>(
    target: This,
    name: Name & LegacyRule<This, EncryptedRule<This[Name], Optional>>,
  ): void
  <This, Value>(value: undefined, context: InstanceField<This, Value> & EncryptedRule<Value, Optional>): void
}

/** What `Masked(...)` returns. */
export interface MaskedDecorator {
  <This extends object, Name extends keyof This>(
    target: This,
    name: Name & LegacyRule<This, MaskedRule<This[Name]>>,
  ): void
  <This, Value>(value: undefined, context: InstanceField<This, Value> & MaskedRule<Value>): void
}

/** What `Nested(...)` returns. */
export interface NestedDecorator<T, In, Optional extends boolean> {
  <This extends object, Name extends keyof This>(
    target: This,
    name: Name & LegacyRule<This, NestedRule<This[Name], T, In, Optional>>,
  ): void
  <This, Value>(
    value: undefined,
    context: InstanceField<This, Value> & NestedRule<Value, T, In, Optional>,
  ): void
}

/** What `Model(...)` returns. */
export type ModelDecorator = <C extends abstract new (...args: any[]) => object>(
  target: C,
  context?: ClassDecoratorContext<C>,
) => void
