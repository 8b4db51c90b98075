// One load at a time: a thousand clients beside another thousand would measure each other.
[assembly: NUnit.Framework.NonParallelizable]
[assembly: NUnit.Framework.FixtureLifeCycle(NUnit.Framework.LifeCycle.InstancePerTestCase)]
