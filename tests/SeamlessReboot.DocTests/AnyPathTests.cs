using System.Diagnostics;
using NUnit.Framework;

namespace SeamlessReboot.DocTests;

/// <summary>A clone may lie anywhere: what is asked of a project does not hang on the folders above the repository.</summary>
internal sealed class AnyPathTests
{
    private const string Library = "src/SeamlessReboot/SeamlessReboot.csproj", Tests = "tests/SeamlessReboot.Tests/SeamlessReboot.Tests.csproj";
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);

    [TestCase("src", Library, true)]
    [TestCase("src", Tests, false)]
    [TestCase("tests", Library, true)]
    [TestCase("tests", Tests, false)]
    public async Task Only_the_library_has_to_document_every_member_whatever_the_folder_above_is_called(string folder, string project, bool isDocumented)
    {
        string temp = Directory.CreateTempSubdirectory("srt-").FullName;
        try
        {
            string clone = Path.Combine(temp, folder, "project");
            foreach (string file in (IEnumerable<string>)[project, "global.json", .. Directory.GetFiles(Repository.Root, "Directory.*.props", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(Repository.Root, f))])
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(clone, file))!);
                File.Copy(Path.Combine(Repository.Root, file), Path.Combine(clone, file));
            }

            ProcessStartInfo info = new("dotnet", ["msbuild", Path.Combine(clone, project), "-nologo", "-getProperty:NoWarn"]) { RedirectStandardOutput = true };
            using Process process = Process.Start(info)!;
            string noWarn = await process.StandardOutput.ReadToEndAsync().WaitAsync(_limit);
            await process.WaitForExitAsync().WaitAsync(_limit);
            Assert.That(process.ExitCode, Is.Zero, noWarn);
            Assert.That(noWarn.Contains("CS1591", StringComparison.Ordinal), Is.EqualTo(!isDocumented), noWarn);
        }
        finally
        {
            Directory.Delete(temp, recursive: true);
        }
    }
}
