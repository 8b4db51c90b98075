using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Posix;

/// <summary>Without its diagnostics socket a server serves as well: whatever is wrong with it, nothing throws.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DiagnosticsSocketTests
{
    private const string Name = "dotnet-diagnostic-77-88-socket";

    private static FakeProcess In(string directory) => new() { FakePid = 77, FakeStartTime = 88, FakeTempDirectory = directory };

    private static IEnumerable<string> Names(TempDirectory temp) => Directory.EnumerateFileSystemEntries(temp.Path).Select(f => Path.GetFileName(f));

    [Test]
    public void It_is_moved_aside_and_back()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp[Name], "socket");
        Action back = DiagnosticsSocket.MoveAside(In(temp.Path));
        Assert.That(Names(temp).Single(), Does.StartWith(Name + "."));
        back();
        Assert.That(Names(temp), Is.EqualTo(new[] { Name }));
    }

    [Test]
    public void It_has_another_name_each_time_so_that_nobody_can_take_it_first()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp[Name], "");
        DiagnosticsSocket.MoveAside(In(temp.Path));
        File.WriteAllText(temp[Name], "");
        DiagnosticsSocket.MoveAside(In(temp.Path));
        Assert.That(Names(temp).ToArray(), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task What_was_moved_aside_is_removed_and_nothing_else()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp[Name], "");
        DiagnosticsSocket.MoveAside(In(temp.Path));
        Directory.CreateDirectory(temp[Name + ".directory"]);
        string[] others = [Name, Name + ".directory", "dotnet-diagnostic-78-88-socket"];
        File.WriteAllText(temp[others[0]], "of the next image");
        File.WriteAllText(temp[others[2]], "");
        DiagnosticsSocket.RemoveOld(In(temp.Path));
        await Limits.UntilAsync(() => Names(temp).Count() == 3, "it is removed");
        Assert.That(Names(temp), Is.EquivalentTo(others));
    }

    [Test]
    public void A_link_in_its_place_is_moved_and_not_followed()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp["victim"], "precious");
        File.CreateSymbolicLink(temp[Name], temp["victim"]);
        DiagnosticsSocket.MoveAside(In(temp.Path));
        Assert.That((File.Exists(temp[Name]), File.ReadAllText(temp["victim"])), Is.EqualTo((false, "precious")));
    }

    [TestCase("never/there")]
    [TestCase("file/below")]
    [TestCase("")]
    public void A_temporary_directory_that_is_none_is_no_reason_to_throw(string directory)
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp["file"], "");
        Assert.That(() => DiagnosticsSocket.MoveAside(In(temp[directory]))(), Throws.Nothing);
        Assert.That(() => DiagnosticsSocket.RemoveOld(In(temp[directory])), Throws.Nothing);
    }

    [Test]
    public void A_temporary_directory_that_has_gone_since_is_no_reason_to_throw()
    {
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["gone"]);
        File.WriteAllText(temp["gone/" + Name], "");
        Action back = DiagnosticsSocket.MoveAside(In(temp["gone"]));
        Directory.Delete(temp["gone"], recursive: true);
        Assert.That(back, Throws.Nothing);
    }

    [Test]
    public void What_has_come_into_its_place_is_no_reason_to_throw()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp[Name], "");
        Action back = DiagnosticsSocket.MoveAside(In(temp.Path));
        Directory.CreateDirectory(temp[Name]);
        Assert.That(back, Throws.Nothing, "It cannot be moved over a directory.");
    }
}
