global using NUnit.Framework;
global using SeamlessReboot.ProcessTests.Helpers;
