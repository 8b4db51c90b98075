namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>The categories that a test run can be filtered by.</summary>
internal static class TestCategories
{
    /// <summary>Takes too long for every run: "dotnet test" leaves it out (see Directory.Build.props), .ci/run runs it in a step of its own.</summary>
    public const string Long = "Long";
}
