/** This package's version; a test holds it equal to package.json's. */
export const ZOOKIT_VERSION = '0.1.0';

/** The version of Apache ZooKeeper whose protocol and file formats are spoken. Tools choose features by it. */
export const ZOOKEEPER_LEVEL = '3.9.0';

/** The text after `Zookeeper version: `, in the form that tools for Apache ZooKeeper parse. */
export const FULL_VERSION = `${ZOOKEEPER_LEVEL}-zookit-${ZOOKIT_VERSION}, built on 2026-11-22 00:00 UTC`;
