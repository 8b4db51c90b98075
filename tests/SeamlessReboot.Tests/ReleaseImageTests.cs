using System.Text;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests;

/// <summary>A release by its real paths: what a flipped link leads to now is another one.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ReleaseImageTests
{
    private static List<byte[]> Bytes(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    private static string[] Texts(ReleaseImage image) => [.. image.Arguments.Select(Encoding.UTF8.GetString)];

    private static void Release(TempDirectory temp, string name)
    {
        Directory.CreateDirectory(temp[name]);
        File.WriteAllText(temp[name + "/talker.dll"], name);
        File.WriteAllText(temp[name + "/dotnet"], name);
        File.SetUnixFileMode(temp[name + "/dotnet"], (UnixFileMode)0x1ED);
    }

    private static void LinkTo(TempDirectory temp, string release)
    {
        File.Delete(temp["current"]);
        Directory.CreateSymbolicLink(temp["current"], temp[release]);
    }

    [TestCase("current/talker.dll", "")]
    [TestCase("talker.dll", "current")]
    [TestCase("./talker.dll", "current/")]
    [TestCase("../current/talker.dll", "one")]
    public void The_assembly_stays_the_same_when_the_link_is_flipped(string assembly, string directory)
    {
        using TempDirectory temp = new();
        Release(temp, "one");
        Release(temp, "two");
        LinkTo(temp, "one");
        ReleaseImage image = ReleaseImage.Of(temp["one/dotnet"], Bytes("dotnet", assembly, "--data", "current/data", "x.dll"), temp[directory])!;
        LinkTo(temp, "two");
        Assert.That(Texts(image), Is.EqualTo(new[] { "dotnet", temp["one/talker.dll"], "--data", "current/data", "x.dll" }));
        Assert.That(image.Path, Is.EqualTo(temp["one/dotnet"]));
        ExecPlan plan = ExecPlan.Make(image, new ProcessStart(temp[directory], "0", 0x12, 0), new FakeProcess());
        Assert.That((plan.Path, plan.Directory), Is.EqualTo((temp["one/dotnet"], temp[directory])));
        Assert.That(plan.Arguments, Is.EqualTo(image.Arguments));
        Directory.Delete(temp["one"], recursive: true);
        Assert.That(() => ExecPlan.Make(image, new ProcessStart(temp.Path, "0", 0x12, 0), new FakeProcess()), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void A_program_of_its_own_keeps_its_arguments_byte_for_byte()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp["talker"], "");
        List<byte[]> arguments = [.. Bytes("./talker", "plugin.dll", ""), [0xFF, 0xFE]];
        ReleaseImage image = ReleaseImage.Of(temp["talker"], arguments, temp.Path)!;
        Assert.That(image.Arguments, Is.EqualTo(arguments));
        ReleaseImage read = ReleaseImage.Decode(image.Encode())!;
        Assert.That(read.Path, Is.EqualTo(image.Path));
        Assert.That(read.Arguments, Is.EqualTo(arguments));
    }

    [Test]
    public void What_has_been_removed_cannot_be_started_again()
    {
        using TempDirectory temp = new();
        Release(temp, "one");
        Assert.That(ReleaseImage.Of(temp["one/talker"] + " (deleted)", Bytes("talker"), temp.Path), Is.Null);
        Assert.That(ReleaseImage.Of(temp["one/dotnet"], Bytes("dotnet", "gone.dll"), temp.Path), Is.Null);
    }

    [Test]
    public void This_process_knows_itself()
    {
        ReleaseImage image = ReleaseImage.OfThisProcess(ProcessStart.Read(), new HostProcess())!;
        Assert.That(File.Exists(image.Path), Is.True);
        Assert.That(image.Arguments, Has.Count.EqualTo(new HostProcess().CommandLine().Count));
    }

    [Test]
    public void A_command_line_too_long_for_the_note_is_left_out()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp["talker"], "");
        Assert.That(ReleaseImage.Of(temp["talker"], Bytes("talker", new string('x', 20_000)), temp.Path)!.Encode(), Is.Empty);
    }

    [TestCase("")]
    [TestCase("*")]
    [TestCase("YQ==")] // no zero at the end
    [TestCase("YQA=")] // a path, and no arguments
    public void Garbage_is_no_release(string text) => Assert.That(ReleaseImage.Decode(text), Is.Null);
}
