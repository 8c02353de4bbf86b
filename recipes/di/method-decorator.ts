import { HeldLease, type Lease } from '../lock/lease.ts';
import { type AnyClass, type Begin, declare } from './wiring.ts';

/** A path that depends on the arguments of the call. */
export type PathOf<Args extends readonly unknown[]> = (...args: Args) => string;

// biome-ignore lint/suspicious/noExplicitAny: decorators are given methods with any arguments, and give back one of the same type.
type AnyMethod = (...args: any[]) => Promise<unknown>;

/** A decorator of methods that give a promise, in both forms that TypeScript has: with `experimentalDecorators`, and without. */
export interface MethodDecorator {
  <M extends AnyMethod>(
    prototype: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): TypedPropertyDescriptor<M>;
  <M extends AnyMethod>(method: M, context: ClassMethodDecoratorContext): M;
}

export interface Behaviour {
  /** What a call of the method does instead. */
  call(self: object, args: unknown[]): Promise<unknown>;
  /** What begins with each instance. Static methods have none. */
  readonly begin?: Begin;
}

const nothing: Begin = async () => {};

/** Throws `TypeError` for what is no method that can be awaited. */
function checkMethod(decorator: string, method: unknown, name: string): void {
  if (typeof method !== 'function') throw new TypeError(`${decorator} is for methods, and ${name} is none`);
  if (/Generator/.test(Object.prototype.toString.call(method))) {
    throw new TypeError(
      `${decorator}: ${name} is a generator, which goes on after it has returned; decorate a method that runs it to its end`,
    );
  }
}

/** Makes a decorator that replaces a method. `parameters` is how many the method declares. */
export function methodDecorator(
  decorator: string,
  behave: (method: AnyMethod, parameters: number) => Behaviour,
): MethodDecorator {
  const replaced = (method: unknown, at: string | symbol, isStatic: boolean) => {
    const name = String(at);
    checkMethod(decorator, method, name);
    const { call, begin } = behave(method as AnyMethod, (method as AnyMethod).length);
    if (isStatic && begin !== undefined) {
      throw new TypeError(
        `${decorator} begins with an instance, and ${name} is static; make it a method of one`,
      );
    }
    const wrapper = function (this: object, ...args: unknown[]) {
      return call(this, args);
    };
    Object.defineProperty(wrapper, 'name', { value: name });
    // Also where nothing begins: an instance of the class has to know its module.
    const declared = (decorated: AnyClass) => declare(decorated, `${decorator} ${name}`, begin ?? nothing);
    return { wrapper, declared };
  };
  const decorate = (
    target: unknown,
    where: string | symbol | ClassMethodDecoratorContext,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (typeof where !== 'object') {
      const isStatic = typeof target === 'function';
      const { wrapper, declared } = replaced(descriptor?.value, where, isStatic);
      if (!isStatic) declared((target as object).constructor as AnyClass);
      return { ...descriptor, value: wrapper };
    }
    const { wrapper, declared } = replaced(target, where.name, where.static);
    if (!where.static) {
      where.addInitializer(function () {
        declared((this as object).constructor as AnyClass);
      });
    }
    return wrapper;
  };
  return decorate as MethodDecorator;
}

/**
 * The arguments with a lease behind them, no earlier than in the place of the last parameter, so that optional ones before it may be
 * left out. (Those with a default value are not counted by JavaScript: they have to be given.) A lease that stands there already gives
 * way.
 */
export function withLease(args: readonly unknown[], parameters: number, lease: Lease): unknown[] {
  const all = [...args];
  const place = parameters - 1;
  all[leaseIn(args, parameters) === null ? Math.max(args.length, place) : place] = lease;
  return all;
}

/** The lease that the caller has given in the place of the last parameter. */
export function leaseIn(args: readonly unknown[], parameters: number): HeldLease | null {
  const given = args[parameters - 1];
  return given instanceof HeldLease ? given : null;
}
